/**
 * A form for a value that must fit a JSON Schema. Plain fields get a field each; everything else is a field for JSON,
 * so that no schema leaves somebody without a way to write the value. heddle checks what is sent.
 */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { draftOf, fieldsOf, kindOf, valueOf, type Draft, type Field } from './form-values.ts';

export function SchemaForm({
  schema,
  submit,
  action,
  initial,
  without = [],
  isNeeded = false,
}: {
  readonly schema: unknown;
  readonly submit: (value: unknown) => Promise<void> | void;
  readonly action: string;
  /** Begins with this value. */
  readonly initial?: unknown;
  /** Fields that are not asked for, such as an event's `type`. */
  readonly without?: readonly string[];
  /** A value that nobody has written is not sent as null. */
  readonly isNeeded?: boolean;
}): JSX.Element {
  const fields = fieldsOf(schema, without);
  const [draft, setDraft] = useState<Draft>(() => draftOf(fields, initial));
  const [wrong, setWrong] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const set = (name: string, value: string | boolean): void =>
    setDraft((before) => ({ ...before, [name]: value }));
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isBusy) return;
        const read = valueOf(fields, draft, initial, isNeeded);
        if ('wrong' in read) return setWrong(read.wrong);
        setWrong(null);
        setBusy(true);
        void Promise.resolve(submit(read.value)).finally(() => setBusy(false));
      }}
    >
      {fields === null ? (
        <JsonField name="" label="" value={String(draft[''] ?? '')} set={set} />
      ) : (
        fields.map((field) => <OneField key={field.name} field={field} draft={draft} set={set} />)
      )}
      {wrong !== null && (
        <p class="small" role="alert">
          {wrong}
        </p>
      )}
      <button class="button main" disabled={isBusy}>
        {action}
      </button>
    </form>
  );
}

type SetDraft = (name: string, value: string | boolean) => void;

function OneField({
  field,
  draft,
  set,
}: {
  readonly field: Field;
  readonly draft: Draft;
  readonly set: SetDraft;
}): JSX.Element {
  const { name, schema, isRequired } = field;
  const label = `${schema.title ?? name}${isRequired ? '' : ' (may be left out)'}`;
  const value = draft[name] ?? '';
  const kind = kindOf(schema);
  if (kind === 'json')
    return <JsonField name={name} label={label} value={String(value)} set={set} />;
  return (
    <label class="field">
      <span>{label}</span>
      {kind === 'boolean' ? (
        <input
          type="checkbox"
          checked={value === true}
          onChange={({ currentTarget }) => set(name, currentTarget.checked)}
        />
      ) : kind === 'enum' ? (
        <select
          class="input"
          value={String(value)}
          onChange={({ currentTarget }) => set(name, currentTarget.value)}
        >
          <option value="" />
          {schema.enum?.map((one) => (
            <option key={String(one)}>{String(one)}</option>
          ))}
        </select>
      ) : (
        <TextInput
          isNumber={kind === 'number'}
          value={String(value)}
          set={(text) => set(name, text)}
        />
      )}
      {schema.description !== undefined && <small class="quiet">{schema.description}</small>}
    </label>
  );
}

function JsonField({
  name,
  label,
  value,
  set,
}: {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly set: SetDraft;
}): JSX.Element {
  return (
    <label class="field">
      <span>{label === '' ? 'Value' : label}, as JSON</span>
      <textarea
        class="input mono"
        rows={3}
        value={value}
        onInput={({ currentTarget }) => set(name, currentTarget.value)}
      />
    </label>
  );
}

function TextInput({
  isNumber,
  value,
  set,
}: {
  readonly isNumber: boolean;
  readonly value: string;
  readonly set: (text: string) => void;
}): JSX.Element {
  return isNumber ? (
    <input
      class="input"
      type="number"
      step="any"
      value={value}
      onInput={({ currentTarget }) => set(currentTarget.value)}
    />
  ) : (
    <input
      class="input"
      type="text"
      value={value}
      onInput={({ currentTarget }) => set(currentTarget.value)}
    />
  );
}
