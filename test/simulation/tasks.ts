/** The world outside that tasks of simulated agents work on: one world at a time. */
type Perform = (key: string) => Promise<string>;

let perform: Perform = () => Promise.reject(new Error('no world is there'));

export function performTasksBy(next: Perform): void {
  perform = next;
}

export function performTask(key: string): Promise<string> {
  return perform(key);
}
