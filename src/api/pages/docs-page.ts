/** The page at `/docs`: the routes and the errors, from the OpenAPI document alone. It loads nothing. */
import { errorRegistry, type ErrorCode } from '../../domain/errors.ts';

type Operation = {
  readonly summary?: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: unknown;
  readonly responses?: Readonly<Record<string, unknown>>;
};
type Document = { readonly paths?: unknown; readonly components?: unknown };

const style = `body{font:15px/24px system-ui,sans-serif;color:#16181d;background:#fff;max-width:1100px;margin:0 auto;padding:16px}
h1{font-size:20px}h2{font-size:15px;margin:32px 0 4px}code,pre{font:12px/18px ui-monospace,monospace}
pre{background:#f6f7f8;padding:8px;overflow:auto;border-radius:5px}td,th{padding:2px 12px 2px 0;text-align:left;vertical-align:top}
table{font-size:13px;line-height:20px}p{margin:4px 0}a{color:#3c45dc}
@media(prefers-color-scheme:dark){body{background:#111317;color:#eceef1}pre{background:#0c0e11}a{color:#8694fd}}`;

export function docsPage(document: Document): string {
  const paths = (document.paths ?? {}) as Record<string, Record<string, Operation>>;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationHtml(method, path, operation)),
  );
  const { schemas = {} } = (document.components ?? {}) as { schemas?: Record<string, unknown> };
  const shapes = Object.entries(schemas).map(
    ([name, schema]) =>
      `<h2 id="${escaped(name)}"><code>${escaped(name)}</code></h2>${pre(schema)}`,
  );
  const errors = (Object.keys(errorRegistry) as ErrorCode[]).map((code) => {
    const { status, message, retryable } = errorRegistry[code];
    const again = retryable ? 'again' : '';
    return `<tr id="${code}"><td><code>${code}</code><td>${status}<td>${again}<td>${escaped(message)}`;
  });
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>heddle: HTTP API</title>
<meta name="viewport" content="width=device-width"><style>${style}</style>
<h1>heddle: HTTP API</h1>
<p>The same as an OpenAPI document: <a href="openapi.json">openapi.json</a>. <a href="#errors">Errors</a>, <a href="#shapes">shapes</a>.</p>
${operations.join('\n')}
<h1 id="errors">Errors</h1><p>Each is <code>application/problem+json</code> with one of these codes.</p>
<table><tr><th>code<th>status<th>retry<th>message${errors.join('\n')}</table>
<h1 id="shapes">Shapes</h1>${shapes.join('\n')}</html>`;
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const { summary = '', security = [], parameters = [], requestBody, responses = {} } = operation;
  const scope = security.flatMap((one) => Object.values(one).flat()).join(', ');
  const named = parameters.map(
    (one) => `${one.name} (${one.in}${one.required === true ? '' : ', may be left out'})`,
  );
  return `<h2 id="${method}-${escaped(path)}"><code>${method.toUpperCase()} ${escaped(path)}</code></h2>
<p>${escaped(summary)}</p>
<p>Scope: ${scope === '' ? 'none' : `<code>${scope}</code>`}. ${named.length === 0 ? '' : `Takes ${escaped(named.join(', '))}.`}
Answers ${Object.keys(responses).map(escaped).join(', ')}.</p>
${requestBody === undefined ? '' : pre(requestBody)}`;
}

const pre = (value: unknown): string => `<pre>${escaped(JSON.stringify(value, null, 1))}</pre>`;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => entities[sign] ?? sign);
}
