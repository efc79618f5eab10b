/**
 * Gives a command its client. Commands speak nothing else: to a server over HTTP, and with a database to the API
 * in this process, without a socket. That is no replica: it would take over shards, and with them runs whose agents
 * are unknown here.
 */
import { createClient, type Client, type FetchInit, type FetchLike } from '../../client/index.ts';
import { targetOf, type ApiFlags } from './api-flags.ts';
import { CurlShown, curlOf } from './curl.ts';

/** What a request in this process is addressed to: its path alone is looked at. */
const here = 'http://127.0.0.1:7070';
/** A person waits: a server that is restarted has come back by then, and one that is not there is told soon. */
const retryMs = 5_000;

export async function withClient<Result>(
  flags: ApiFlags,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const target = targetOf(flags, process.env);
  // An empty one is what a shell or a compose file makes of one that is not set.
  const token = process.env['HEDDLE_TOKEN']?.trim() || undefined;
  const common = {
    ...(flags.tenant === undefined ? {} : { tenant: flags.tenant }),
    ...(token === undefined || target.kind === 'database' ? {} : { token }),
  };
  const url = target.kind === 'server' ? target.url : here;
  if (flags.curl === true)
    return work(createClient({ ...common, url, fetch: showing, retryMs: 0 }));
  if (target.kind === 'server') return work(createClient({ ...common, url, retryMs }));
  // Loaded here: a command that asks a server needs none of it.
  const { createHeddle } = await import('../../heddle.ts');
  const { apiInProcess } = await import('../../api/in-process.ts');
  const heddle = await createHeddle({ ...target.options, replica: false });
  try {
    const api = await apiInProcess(heddle);
    try {
      return await work(createClient({ ...common, url, fetch: api.fetch }));
    } finally {
      await api.close();
    }
  } finally {
    await heddle.close();
  }
}

const showing: FetchLike = (url: string, init: FetchInit) =>
  Promise.reject(new CurlShown(curlOf(url, init)));
