/** The audit: counts that would show a fault of heddle's own. */
import { z } from 'zod';
import { boundedAudit } from '../../../library/outside/bounded-audit.ts';
import { route } from '../../route.ts';

const audit = route({
  method: 'GET',
  path: '/v1/audit',
  scope: 'admin',
  summary:
    'Counts all that a tenant has, and what should never be: gaps, doubles, orphans. Of a tenant with more than `rowsMax` rows it counts nothing, and `isWhole` is false: `rows` is at least how many there are.',
  ofTenant: true,
  answers: {
    200: z.looseObject({
      isWhole: z.boolean(),
      rows: z.int(),
      rowsMax: z.int(),
      journalGaps: z.int().optional(),
    }),
  },
  handle: async ({ host, within }) => ({ status: 200, body: await boundedAudit(host, within) }),
});

export const auditRoutes = [audit];
