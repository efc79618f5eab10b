/** The table of all routes. */
import type { Route } from './route.ts';
import { budgetRoutes } from './routes/budgets.ts';
import { channelRoutes } from './routes/channels.ts';
import { healthRoutes } from './routes/health.ts';
import { insideRoutes } from './routes/inside.ts';
import { bulkRoutes } from './routes/listing/bulk.ts';
import { familyRoutes } from './routes/listing/family.ts';
import { listingRoutes } from './routes/listing/lists.ts';
import { memoryRoutes } from './routes/memory.ts';
import { callerRoutes } from './routes/operations/callers.ts';
import { providerRoutes } from './routes/operations/providers.ts';
import { questionRoutes } from './routes/operations/questions.ts';
import { auditRoutes } from './routes/operations/audit.ts';
import { wholeRoutes } from './routes/operations/whole.ts';
import { agentRoutes } from './routes/records/agents.ts';
import { channelRecordRoutes } from './routes/records/channels.ts';
import { evaluationRoutes } from './routes/records/evaluations.ts';
import { memoryRecordRoutes } from './routes/records/memory.ts';
import { pastRoutes } from './routes/records/past.ts';
import { commandRoutes } from './routes/run-commands.ts';
import { runRoutes } from './routes/runs.ts';
import { streamRoutes } from './routes/streams.ts';

export const routes: readonly Route[] = [
  ...listingRoutes,
  ...bulkRoutes,
  ...familyRoutes,
  ...runRoutes,
  ...commandRoutes,
  ...insideRoutes,
  ...pastRoutes,
  ...questionRoutes,
  ...channelRoutes,
  ...channelRecordRoutes,
  ...memoryRoutes,
  ...memoryRecordRoutes,
  ...evaluationRoutes,
  ...budgetRoutes,
  ...agentRoutes,
  ...auditRoutes,
  ...providerRoutes,
  ...wholeRoutes,
  ...callerRoutes,
  ...streamRoutes,
  ...healthRoutes,
];
