/** Somebody looks at the page: it asks a server that has gone away once a second, and not less and less often. */
export const reconnectMs = 1_000;
