/** The pages: their word in the address, their key behind `g`, their name. */
export const pages = [
  { word: 'activity', key: 'a', name: 'Activity' },
  { word: 'runs', key: 'r', name: 'Runs' },
  { word: 'questions', key: 'q', name: 'Questions' },
  { word: 'providers', key: 'p', name: 'Providers' },
  { word: 'agents', key: 's', name: 'Agents' },
  { word: 'channels', key: 'c', name: 'Channels' },
  { word: 'memory', key: 'm', name: 'Memory' },
  { word: 'evaluations', key: 'e', name: 'Evaluations' },
  { word: 'budgets', key: 'b', name: 'Budgets' },
  { word: 'replicas', key: 'h', name: 'Replicas' },
] as const;
