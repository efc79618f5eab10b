/** The time that is shown as the address says it: `from` and `to` in ms since 1970; live, `from` alone: ms before now. */
export type ShownTime = { readonly spanMs: number; readonly toMs: number | null };
type Fields = { readonly from: string | null; readonly to: string | null };

export const wholeSpanMs = 60_000;

/** Null: the whole, live; also where the address says nothing that can be shown. */
export function timeOf({ from, to }: Fields): ShownTime | null {
  const [begin, end] = [from, to].map((text) => (text === null ? Number.NaN : Number(text)));
  if (begin === undefined || end === undefined || !Number.isFinite(begin)) return null;
  if (begin < 0) return { spanMs: -begin, toMs: null };
  return Number.isFinite(end) && end > begin ? { spanMs: end - begin, toMs: end } : null;
}

export function fieldsOf({
  fromMs,
  toMs,
  isLive,
}: {
  readonly fromMs: number;
  readonly toMs: number;
  readonly isLive: boolean;
}): Fields {
  const spanMs = Math.round(toMs - fromMs);
  if (!isLive) return { from: String(Math.round(fromMs)), to: String(Math.round(toMs)) };
  return { from: spanMs === wholeSpanMs ? null : String(-spanMs), to: null };
}

export const keyOf = ({ from, to }: Fields): string => `${from ?? ''} ${to ?? ''}`;
