/** A run as a line for a shell. A token is not in it: the line names the variable that holds it. */
type CopiedRun = { readonly id: string; readonly tenant: string };

/** `apiAt`: where the API stands, with the prefix of an application. */
export function copiesOf(
  { id, tenant }: CopiedRun,
  { apiAt, hasToken }: { readonly apiAt: string; readonly hasToken: boolean },
): { readonly curl: string; readonly command: string } {
  const query = new URLSearchParams({ tenant });
  const url = `${apiAt}/v1/runs/${encodeURIComponent(id)}?${query}`;
  const token = hasToken ? '-H "Authorization: Bearer $HEDDLE_TOKEN" ' : '';
  return {
    curl: `curl -sS ${token}${quoted(url)}`,
    // It takes the token from the same variable.
    command: `heddle show ${quoted(id)} --tenant ${quoted(tenant)} --url ${quoted(apiAt)}`,
  };
}

/** The drawing of an agent's version. */
export function drawCommand(
  {
    agent,
    version,
    as,
    tenant,
  }: {
    readonly agent: string;
    readonly version: string;
    readonly as: string;
    readonly tenant: string | null;
  },
  apiAt: string,
): string {
  const of = tenant === null ? '' : ` --tenant ${quoted(tenant)}`;
  return `heddle agents draw ${quoted(agent)} --version ${quoted(version)} --as ${as}${of} --url ${quoted(apiAt)}`;
}

/** As one word of a POSIX shell. */
const quoted = (text: string): string =>
  /^[\w:/.@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
