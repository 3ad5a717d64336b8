import { describe, expect, it } from 'vitest';
import { bootHooks, type Stage } from '../ignition/boot-hooks.ts';
import { parseJson } from '../json/tree.ts';
import { wholeText } from '../lint/located-text.ts';
import { unitsOf } from '../lint/override-view.ts';
import { timelineOf } from './timeline.ts';

function timeline(stage: Stage, units: readonly object[]) {
  const text = JSON.stringify({ systemd: { units } });
  const { root } = parseJson(text);
  if (root?.type !== 'object') throw new Error('no override');
  return timelineOf(stage, unitsOf(wholeText(text), root));
}

const names = (steps: readonly (readonly { readonly name: string }[])[]) =>
  steps.map((units) => units.map(({ name }) => name));
const unit = (name: string, contents: string, enabled = true) => ({ name, enabled, contents });

describe('timelineOf', () => {
  it('of our hooks: loaded and unmounted before the first users of images', () => {
    const discovery = timeline('discovery', bootHooks('discovery', 'data').units);
    expect(names(discovery.steps)).toEqual([
      ['network-online.target', 'var-mnt.mount', 'precache-images.service'],
      ['agent.service'],
    ]);
    expect(discovery.steps.flat()).toMatchObject([
      { own: false },
      { startedBy: ['precache-images.service'], limit: 45 },
      { startedBy: ['multi-user.target'], runs: ['var-mnt.mount'], limit: 900 },
      { own: false, heldBack: 930 },
    ]);
    const installation = timeline('installation', bootHooks('installation', 'data', 600).units);
    expect(names(installation.steps)).toEqual([
      ['crio-wipe.service'],
      ['var-mnt.mount', 'precache-ocp-images.service'],
      ['machine-config-daemon-pull.service', 'nodeip-configuration.service'],
      ['crio.service'],
      ['kubelet.service'],
    ]);
    expect(installation.steps.at(-1)?.[0]).toMatchObject({ heldBack: 630 });
    expect(installation.unordered).toEqual([]);
    expect(installation.cycle).toEqual([]);
  });

  it('without units of an override is that of the hub', () => {
    const { steps } = timeline('installation', []);
    expect(names(steps)).toEqual([
      ['crio-wipe.service', 'nodeip-configuration.service'],
      ['machine-config-daemon-pull.service'],
      ['crio.service'],
      ['kubelet.service'],
    ]);
    expect(steps.flat().every(({ own, heldBack }) => !own && heldBack === undefined)).toBe(true);
  });

  it('counts what holds back what along the longest way, and knows where there is no limit', () => {
    const oneshot = (more: string) => `[Unit]\n${more}\n[Service]\nType=oneshot\nExecStart=/bin/x\n`;
    const { steps } = timeline('discovery', [
      unit('a.service', `${oneshot('Before=b.service')}TimeoutStartSec=1min 5s\n`),
      unit('b.service', `${oneshot('Before=agent.service')}TimeoutStartSec=10\nExecStopPost=/bin/y\n`),
      unit('c.service', `[Unit]\nBefore=agent.service\n[Service]\nExecStart=/bin/x\n`),
    ]);
    expect(steps.flat().find(({ name }) => name === 'agent.service')?.heldBack).toBe(65 + 10 + 90);
    const endless = timeline('discovery', [unit('a.service', oneshot('Before=agent.service'))]);
    expect(endless.steps.flat().find(({ name }) => name === 'agent.service')?.heldBack).toBeNull();
  });

  it('reads drop-ins of the hub, mounts by path, and what starts nothing', () => {
    const { steps, unordered } = timeline('discovery', [
      unit('load.service', '[Unit]\nRequiresMountsFor=/var/mnt/x\n[Service]\nExecStart=/bin/x\n', false),
      unit('var-mnt.mount', '[Mount]\nWhere=/var/mnt\nWhat=/dev/x\n', false),
      { name: 'agent.service', dropins: [{ name: 'a.conf', contents: '[Unit]\nAfter=load.service\n' }] },
      unit('alone.service', '[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n'),
    ]);
    expect(names(steps)).toEqual([
      ['network-online.target', 'var-mnt.mount'],
      ['load.service'],
      ['agent.service'],
    ]);
    expect(steps.flat()).toMatchObject([
      {},
      { name: 'var-mnt.mount', startedBy: ['load.service'] },
      { name: 'load.service', startedBy: [], after: ['var-mnt.mount'] },
      { name: 'agent.service', own: false, heldBack: 180 },
    ]);
    expect(unordered).toMatchObject([{ name: 'alone.service', startedBy: ['multi-user.target'] }]);
  });

  it('names those that wait for each other', () => {
    const { cycle, steps } = timeline('discovery', [
      unit('a.service', '[Unit]\nAfter=b.service\n'),
      unit('b.service', '[Unit]\nAfter=a.service\nBefore=c.service\n'),
    ]);
    expect(cycle).toEqual(['a.service', 'b.service', 'c.service']);
    expect(names(steps)).toEqual([['network-online.target'], ['agent.service']]);
  });
});
