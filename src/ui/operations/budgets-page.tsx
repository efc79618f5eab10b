/** Budgets: that of the tenant and that of one user, with what was used. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Budget, BudgetOwner, BudgetView } from '../../client/index.ts';
import { costWords } from '../look/amounts.ts';
import { SchemaForm } from '../look/schema-form.tsx';
import { client } from '../shell/access.ts';
import { useAnswer } from '../shell/ask.ts';
import { query, setQuery } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';

const whole = new Intl.NumberFormat('en');
const words = { tokens: (n: number) => whole.format(n), cost: costWords } as const;

/** A budget as a form asks for it. */
const budgetSchema = {
  type: 'object',
  properties: {
    tokens: { type: 'number', description: 'Tokens at most.' },
    cost: { type: 'number', description: 'Cost at most, in the currency of the prices.' },
    per: {
      type: 'string',
      enum: ['day'],
      description: 'day: what was used counts until the end of the day, UTC.',
    },
  },
};

export function BudgetsPage(): JSX.Element {
  const user = query.value.get('user') ?? '';
  return (
    <>
      <div class="head">
        <h1>Budgets</h1>
        <label class="prefix">
          <span class="quiet">of user</span>
          <input
            class="input"
            value={user}
            onChange={({ currentTarget }) => setQuery({ user: currentTarget.value })}
          />
        </label>
      </div>
      <OneBudget key="tenant" title="The tenant" owner={{}} />
      {user !== '' && <OneBudget key={`user ${user}`} title={`User ${user}`} owner={{ user }} />}
    </>
  );
}

function OneBudget({
  title,
  owner,
}: {
  readonly title: string;
  readonly owner: BudgetOwner;
}): JSX.Element {
  const { value, trouble, again } = useAnswer(
    (on) => on.operator.budget(owner),
    [JSON.stringify(owner)],
  );
  const [refused, setRefused] = useState<Error | null>(null);
  const shown = refused ?? trouble;
  return (
    <section class="section">
      <h2>{title}</h2>
      {shown !== null && <Trouble error={shown} again={again} />}
      {value !== null && <Use view={value} />}
      {value !== null && (
        <details>
          <summary>Set another</summary>
          <SchemaForm
            schema={budgetSchema}
            initial={value.budget ?? {}}
            action="Set"
            submit={async (budget) => {
              setRefused(null);
              try {
                await client.value.operator.setBudget(budget as Budget, owner);
                again();
              } catch (error) {
                setRefused(error instanceof Error ? error : new Error(String(error)));
              }
            }}
          />
        </details>
      )}
    </section>
  );
}

function Use({ view: { budget, spent, reserved } }: { readonly view: BudgetView }): JSX.Element {
  return (
    <table aria-label="Use">
      <thead>
        <tr>
          <th scope="col" />
          <th scope="col" class="right">
            bound
          </th>
          <th scope="col" class="right">
            used
          </th>
          <th scope="col" class="right">
            under way
          </th>
        </tr>
      </thead>
      <tbody>
        {(['tokens', 'cost'] as const).map((what) => (
          <tr key={what}>
            <th scope="row">{what}</th>
            <td class="right">
              {budget?.[what] === undefined
                ? 'none'
                : `${words[what](budget[what])}${budget.per === 'day' ? ' a day' : ''}`}
            </td>
            <td class="right">{words[what](spent[what])}</td>
            <td class="right">{words[what](reserved[what])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
