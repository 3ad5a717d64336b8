/** Where the node's own registry listens: loopback, below the ports that the kernel hands out. */
export const nodeRegistry = '127.0.0.1:22700';
