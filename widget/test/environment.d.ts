/** Node's environment variables, which the tests read. */
declare const process: { env: Record<string, string | undefined> }
