import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

function start(options: { most?: number; limitRate?: number } = {}) {
  const controller = new AbortController();
  let time = 0;
  const pace = createPace({
    most: options.most ?? 4,
    limitRate: options.limitRate,
    now: () => time,
    signal: controller.signal,
  });
  const pass = (ms: number): void => {
    time += ms;
  };
  return { pace, pass, abort: () => controller.abort() };
}

/** Whether a promise has settled once everything else had its turn. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(
    () => (done = true),
    () => (done = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('the pace', () => {
  it('lets no more in than there are places, first come first served', async () => {
    const { pace } = start({ most: 2 });
    await pace.enter('a', 300_000);
    await pace.enter('a', 300_000);
    const third = pace.enter('a', 300_000);
    expect(await settled(third)).toBe(false);
    pace.leave();
    expect(await settled(third)).toBe(true);
  });

  it('takes refusals that come together as one, and halves the places', () => {
    const { pace, pass } = start({ most: 64 });
    for (let times = 0; times < 5; times += 1) pace.refused('a', 0);
    expect(pace.places()).toBe(8);
    pass(1000);
    pace.refused('a', 0);
    expect(pace.places()).toBe(4);
  });

  it('keeps everyone from a registry that asked for a pause, and nobody from another', async () => {
    const { pace, pass } = start();
    pace.refused('a', 0.05);
    const waiting = pace.enter('a', 300_000);
    expect(await settled(pace.enter('b', 300_000))).toBe(true);
    expect(await settled(waiting)).toBe(false);
    pass(60);
    await waiting;
  });

  it('sends everyone away from a registry that asked for too long a pause, who waits already, too', async () => {
    const { pace, pass } = start();
    pace.refused('a', 0.02);
    const waiting = pace.enter('a', 300_000);
    pace.refused('a', 86_400);
    pass(20);
    const entries = await Promise.allSettled([pace.enter('a', 300_000), waiting]);
    const reason = { code: 'network', message: expect.stringMatching(/^a asks to wait /) };
    const sentAway = { status: 'rejected', reason: expect.objectContaining(reason) };
    expect(entries).toEqual([sentAway, sentAway]);
    await pace.enter('b', 300_000);
  });

  it('grows while more brings more, and tells', async () => {
    const { pace, pass } = start({ most: 64 });
    let told = 0;
    pace.onRoom(() => {
      told += 1;
    });
    for (let place = 0; place < 16; place += 1) await pace.enter('a', 300_000);
    pass(500);
    void pace.received(1_000_000);
    expect(pace.places()).toBe(24);
    expect(told).toBe(1);
  });

  it('does not grow where the places are not used', async () => {
    const { pace, pass } = start({ most: 64 });
    await pace.enter('a', 300_000);
    pass(500);
    void pace.received(1_000_000);
    expect(pace.places()).toBe(16);
  });

  it('holds bytes back beyond the rate', async () => {
    const { pace, pass } = start({ limitRate: 1_000_000 });
    expect(pace.received(10_000)).toBeUndefined();
    const held = pace.received(90_000);
    if (held === undefined) throw new Error('not held back');
    expect(await settled(held)).toBe(false);
    await held;
    pass(200);
    expect(pace.received(10_000)).toBeUndefined();
  });

  it('ends all waiting when the run ends', async () => {
    const { pace, abort } = start({ most: 1 });
    await pace.enter('a', 300_000);
    const waiting = pace.enter('a', 300_000);
    pace.refused('b', 60);
    const paused = pace.enter('b', 300_000);
    abort();
    await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
    await expect(paused).rejects.toMatchObject({ code: 'interrupted' });
  });
});
