/** The chart of a version as text, for other programs that draw charts. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { client } from '../shell/access.ts';

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
    try {
      const text = await client.value.agents.draw(agent, { version, as });
      await navigator.clipboard.writeText(text);
      setSaid(`Copied. Paste it into ${name}.`);
    } catch (error) {
      const command = `heddle agents draw ${agent} --version ${version} --as ${as}`;
      const why = error instanceof Error ? error.message : String(error);
      setSaid(`Not copied: ${why}. The same as a command: ${command}`);
    }
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
