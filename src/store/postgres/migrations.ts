/**
 * The migrations in their order. They are modules, so that a bundler finds them. A migration that was
 * applied anywhere must never change: write another file with the next number, and list it here.
 */
import { tables } from './migrations/000001-tables.ts';
import { answers } from './migrations/000002-answers.ts';
import { structures } from './migrations/000003-structures.ts';
import { startKeys } from './migrations/000004-start-keys.ts';
import { releases } from './migrations/000005-releases.ts';
import { gateFaults } from './migrations/000006-gate-faults.ts';
import { images } from './migrations/000007-images.ts';
import { records } from './migrations/000008-records.ts';
import { checkpoints } from './migrations/000009-checkpoints.ts';
import { agents } from './migrations/000010-agents.ts';
import { access } from './migrations/000012-access.ts';
import { relays } from './migrations/000013-relays.ts';
import { listing } from './migrations/000014-listing.ts';
import { senders } from './migrations/000015-senders.ts';
import { operations } from './migrations/000016-operations.ts';
import { gateOrders } from './migrations/000019-gate-orders.ts';
import { evaluations } from './migrations/000020-evaluations.ts';
import { claims } from './migrations/000021-claims.ts';

export type Migration = { readonly name: string; readonly sql: string };

export const migrations: readonly Migration[] = [
  { name: '000001_tables', sql: tables },
  { name: '000002_answers', sql: answers },
  { name: '000003_structures', sql: structures },
  { name: '000004_start_keys', sql: startKeys },
  { name: '000005_releases', sql: releases },
  { name: '000006_gate_faults', sql: gateFaults },
  { name: '000007_images', sql: images },
  { name: '000008_records', sql: records },
  { name: '000009_checkpoints', sql: checkpoints },
  { name: '000010_agents', sql: agents },
  { name: '000012_access', sql: access },
  { name: '000013_relays', sql: relays },
  { name: '000014_listing', sql: listing },
  { name: '000015_senders', sql: senders },
  { name: '000016_operations', sql: operations },
  { name: '000019_gate_orders', sql: gateOrders },
  { name: '000020_evaluations', sql: evaluations },
  { name: '000021_claims', sql: claims },
];
