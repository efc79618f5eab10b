/** Channels over the API: published to, read, leased from. */
import { pathWord } from './path-word.ts';
import type { AbortLike } from '../fetch-like.ts';
import type { Transport } from '../transport.ts';
import type { Json, LeasedMessage, Message, Page } from '../api-types.ts';
import type { ChannelView, GroupsPage, NamesQuery } from '../types/lists.ts';

const at = (channel: string, rest: string): string => `/v1/channels/${pathWord(channel)}${rest}`;
const groupAt = (channel: string, group: string, rest: string): string =>
  at(channel, `/groups/${pathWord(group)}${rest}`);

/** Channels over the API. */
export class Channels {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Publishes a message. It has its place in the channel, or its delay, when this resolves. */
  async publish(
    channel: string,
    payload: Json,
    { delayMs }: { readonly delayMs?: number } = {},
  ): Promise<{
    /** The message's id. */
    readonly messageId: string;
  }> {
    const body = { payload, ...(delayMs === undefined ? {} : { delayMs }) };
    type Body = {
      readonly messageId: string;
    };
    const asked = { body };
    return (await this.#transport.ask<Body>('POST', at(channel, '/messages'), asked)).body;
  }

  /** The messages above `after`, in order; waits up to `waitMs` for the first. `head` is the newest number. */
  async read(
    channel: string,
    query: {
      /** The place after which it begins. */
      readonly after?: number;
      /** How many at most. */
      readonly limit?: number;
      readonly waitMs?: number;
    } = {},
    {
      signal,
    }: {
      /** Ends the request. */
      readonly signal?: AbortLike;
    } = {},
  ): Promise<{
    /** The channel's newest number. */
    readonly head: number;
    /** The messages, in order. */
    readonly messages: readonly Message[];
  }> {
    type Body = {
      readonly head: number;
      readonly messages: readonly Message[];
    };
    return (await this.#transport.ask<Body>('GET', at(channel, '/messages'), { query, signal }))
      .body;
  }

  /** Leases messages to a consumer of the group, each at least once, until it acknowledges them. */
  async lease(
    channel: string,
    group: string,
    options: {
      readonly max?: number;
      readonly leaseMs?: number;
      readonly from?: 'earliest' | 'latest';
    } = {},
  ): Promise<readonly LeasedMessage[]> {
    type Body = {
      readonly messages: readonly LeasedMessage[];
    };
    const asked = { body: options };
    return (await this.#transport.ask<Body>('POST', groupAt(channel, group, '/leases'), asked)).body
      .messages;
  }

  /** Marks messages as done. False: the lease has ended, and another consumer may have the message. */
  async acknowledge(
    channel: string,
    group: string,
    tokens: readonly string[],
  ): Promise<readonly boolean[]> {
    type Body = { readonly acknowledged: readonly boolean[] };
    const asked = { body: { tokens } };
    const path = groupAt(channel, group, '/acknowledgements');
    return (await this.#transport.ask<Body>('POST', path, asked)).body.acknowledged;
  }

  /** Keeps leased messages for `leaseMs` from now. False: that lease is lost. Throws `lease-lost` when all are. */
  async renew(
    channel: string,
    group: string,
    tokens: readonly string[],
    { leaseMs }: { readonly leaseMs?: number } = {},
  ): Promise<readonly boolean[]> {
    type Body = { readonly renewed: readonly boolean[] };
    const body = { tokens, ...(leaseMs === undefined ? {} : { leaseMs }) };
    const path = groupAt(channel, group, '/renewals');
    const asked = { body, repeat: 'harmless' } as const;
    return (await this.#transport.ask<Body>('POST', path, asked)).body.renewed;
  }

  /** A page of channels, by name. */
  async list(query: NamesQuery = {}): Promise<Page<ChannelView>> {
    type Body = { readonly channels: readonly ChannelView[]; readonly cursor: string };
    const { body } = await this.#transport.ask<Body>('GET', '/v1/channels', { query });
    return { items: body.channels, cursor: body.cursor };
  }

  /** A page of the groups of a channel, by name. */
  async groups(channel: string, query: Omit<NamesQuery, 'prefix'> = {}): Promise<GroupsPage> {
    return (await this.#transport.ask<GroupsPage>('GET', at(channel, '/groups'), { query })).body;
  }
}
