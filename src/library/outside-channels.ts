/**
 * Channels as producers and consumers outside runs use them.
 *
 * Owns the request of such a consumer. Leaves the message's shape to requests.ts, and the leases and
 * cursors of groups to the store.
 *
 * 1. A message is given out under a lease, and is done only when it is acknowledged. So a consumer gets
 *    it at least once, where a run takes it exactly once (promise 2).
 */
import { tenantIn } from '../access/scopes.ts';
import { heddleError } from '../domain/errors.ts';
import { asOneOf, asWhole } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import { asOptions } from '../domain/options.ts';
import type { TenantScope } from '../domain/scope.ts';
import { before, requested } from './outside/requested.ts';
import { asError } from './run-end.ts';
import { newMessage, type PublishRequest } from './requests.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { LeasedMessage } from '../store/caller-port.ts';
import type { RequestAsked } from '../store/requests/request-rows.ts';

/** A request of a consumer outside runs: which messages it wants, and for how long. */
export type GroupRequest = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** Consumers of one group share the messages. */
  readonly group: string;
  /** Where a group starts that has never received from this channel. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
  /** How many messages at most, 1 to 1,000. Default 10. */
  readonly max?: number;
  /** How long the messages are given to this consumer alone, in ms, up to a day. Default 30,000. */
  readonly leaseMs?: number;
};

/** The group for which a message was leased. */
export type LeaseHolder = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** The group that the message was received with. */
  readonly group: string;
};

/** For how long a lease is renewed. */
export type RenewRequest = LeaseHolder & {
  /** From now on, in ms, up to a day. Default 30,000. */
  readonly leaseMs?: number;
};

const groupKeys = ['tenant', 'group', 'from', 'max', 'leaseMs'] as const;

export class OutsideChannels {
  /** Throws `closed` after the close. */
  readonly #open: () => Runtime;
  readonly #scope: TenantScope;
  readonly #request: RequestAsked | null;

  constructor(open: () => Runtime, scope: TenantScope, request: RequestAsked | null) {
    this.#open = open;
    this.#scope = scope;
    this.#request = request;
  }

  async publish(
    channel: string,
    payload: unknown,
    options: PublishRequest,
  ): Promise<{ readonly messageId: string }> {
    const runtime = this.#open();
    const messageId: string = runtime.ids.run();
    const message = newMessage({ channel, payload, messageId }, options, this.#scope);
    const value = { ...message, ...requested(this.#request, { messageId }) };
    await runtime.admission.channel(value.tenant, value.channel);
    const fate = await runtime.arrive({ kind: 'messages', value });
    if (fate?.kind === 'refused') throw asError(fate.error);
    return fate === null ? { messageId } : before(fate);
  }

  async receive(channel: string, given: GroupRequest): Promise<readonly LeasedMessage[]> {
    const request = asOptions(given, 'receive', groupKeys);
    return this.#open().store.lease(tenantIn(this.#scope, request.tenant), {
      channel: checkName(channel, 'channel'),
      group: checkName(request.group, 'group'),
      from: asOneOf(request.from, 'from', ['earliest', 'latest'], 'earliest'),
      max: asWhole(request.max, 'max', { min: 1, max: 1_000, fallback: 10 }),
      leaseMs: asWhole(request.leaseMs, 'leaseMs', { min: 1, max: 86_400_000, fallback: 30_000 }),
      ...(this.#request === null ? {} : { request: this.#request }),
    });
  }

  async acknowledge(message: LeasedMessage, given: LeaseHolder): Promise<void> {
    const { channel, seq, token } = asOptions(message, 'message', null);
    const request = asOptions(given, 'acknowledge', ['tenant', 'group']);
    const [held] = await this.#open().store.acknowledge(tenantIn(this.#scope, request.tenant), {
      channel: checkName(channel, 'message.channel'),
      group: checkName(request.group, 'group'),
      tokens: [checkName(token, 'message.token')],
    });
    if (held !== true) throw heddleError('lease-lost', { channel, seq: Number(seq) });
  }

  async renew(message: LeasedMessage, given: RenewRequest): Promise<void> {
    const { channel, seq, token } = asOptions(message, 'message', null);
    const request = asOptions(given, 'renew', ['tenant', 'group', 'leaseMs']);
    const [held] = await this.#open().store.renewLeases(tenantIn(this.#scope, request.tenant), {
      channel: checkName(channel, 'message.channel'),
      group: checkName(request.group, 'group'),
      tokens: [checkName(token, 'message.token')],
      leaseMs: asWhole(request.leaseMs, 'leaseMs', { min: 1, max: 86_400_000, fallback: 30_000 }),
    });
    if (held !== true) throw heddleError('lease-lost', { channel, seq: Number(seq) });
  }
}
