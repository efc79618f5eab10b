/** Whether this replica hears of changes of a shard's runs as they happen, and if not, why. */
export type Reach = {
  reaches(shard: number): boolean;
  /** In words; null when it does. */
  whyNot(shard: number): string | null;
  /** Calls `changed` when it may have become different. */
  onChange(changed: () => void): () => void;
};
