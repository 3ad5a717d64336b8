import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** QEMU's monitor, which takes commands as JSON (QMP). */
export interface Monitor {
  /** Rejects with what QEMU says against it. */
  execute(command: string, options: object): Promise<unknown>;
}

/** Connects to the socket of a running QEMU. It is closed from the other side. */
export async function connectMonitor(path: string): Promise<Monitor> {
  const socket = connect(path);
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  socket.on('error', () => undefined).unref();
  const execute = async (command: string, options: object): Promise<unknown> => {
    socket.write(`${JSON.stringify({ execute: command, arguments: options })}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${command}: the machine is off`);
      const answer = JSON.parse(value) as { return?: unknown; error?: { desc: string } };
      if (answer.error !== undefined) throw new Error(`${command}: ${answer.error.desc}`);
      // Greetings and events come in between.
      if (answer.return !== undefined) return answer.return;
    }
  };
  await execute('qmp_capabilities', {});
  return { execute };
}
