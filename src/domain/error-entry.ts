/** One error of the registry: what it says, its HTTP status, and whether the same call may succeed later. */
export type ErrorEntry = {
  readonly message: string;
  readonly status: number;
  readonly retryable: boolean;
};

export const terminal = (status: number, message: string): ErrorEntry => ({
  message,
  status,
  retryable: false,
});
export const retryable = (status: number, message: string): ErrorEntry => ({
  message,
  status,
  retryable: true,
});
