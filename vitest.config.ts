import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Deals files out to shards like cards: those with neighbouring names take the same time, and the same things. */
class DealtOut extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { index, count } = this.ctx.config.shard ?? { index: 1, count: 1 };
    const inOrder = files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
    return inOrder.filter((_, at) => at % count === index - 1);
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: DealtOut },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts', 'test/support/**/*.test.ts'],
          // A machine with other work is no failure; what never ends still is one.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // A mount namespace of one test would hold what another has mounted: it could not unmount its disk. Shards run
          // beside each other, in mount namespaces of their own (scripts/test).
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // One virtual machine at a time.
          fileParallelism: false,
        },
      },
    ],
  },
});
