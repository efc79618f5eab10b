/** The audit: counts that would show a fault of heddle's own. */
import { z } from 'zod';
import { route } from '../../route.ts';

const audit = route({
  method: 'GET',
  path: '/v1/audit',
  scope: 'admin',
  summary:
    'Counts all that a tenant has, and what should never be: gaps, doubles, orphans. Reads whole tables.',
  ofTenant: true,
  answers: { 200: z.looseObject({ journalGaps: z.int() }) },
  handle: async ({ heddle, tenant }) => ({
    status: 200,
    body: await heddle.audit({ tenant }),
  }),
});

export const auditRoutes = [audit];
