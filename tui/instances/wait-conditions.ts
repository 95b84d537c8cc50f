/** What `yurt wait` waits for, besides `status=WORD`. */
export const waitConditions = ['agent', 'frozen', 'ip', 'ipv4', 'ipv6', 'ready', 'running', 'stopped'] as const;
