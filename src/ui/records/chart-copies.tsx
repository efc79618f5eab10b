/** The chart of a version as text, for other programs that draw charts. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { toClipboard } from '../look/clipboard.ts';
import { drawCommand } from '../run/copies.ts';
import { client, tenant } from '../shell/access.ts';
import { apiAt } from '../shell/base.ts';

const forms = [
  ['mermaid', 'Mermaid'],
  ['sketch', 'Stately Sketch'],
] as const;

export function ChartCopies({
  agent,
  version,
}: {
  readonly agent: string;
  readonly version: string;
}): JSX.Element {
  const [said, setSaid] = useState('');
  const copy = async (as: 'mermaid' | 'sketch', name: string): Promise<void> => {
    const whyNot = await client.value.agents
      .draw(agent, { version, as })
      .then(toClipboard, (error: unknown) =>
        error instanceof Error ? error.message : String(error),
      );
    const command = drawCommand({ agent, version, as, tenant: tenant.value }, apiAt);
    setSaid(
      whyNot === null
        ? `Copied. Paste it into ${name}.`
        : `Not copied: ${whyNot}. The same as a command: ${command}`,
    );
  };
  return (
    <div class="buttons">
      {forms.map(([as, name]) => (
        <button key={as} class="button small" type="button" onClick={() => void copy(as, name)}>
          Copy for {name}
        </button>
      ))}
      <span role="status" class="small quiet">
        {said}
      </span>
    </div>
  );
}
