import type { Stage } from '../ignition/boot-hooks.ts';

/** A unit that the hub or the operating system brings, and that matters to images. */
export interface KnownUnit {
  readonly name: string;
  readonly after: readonly string[];
  /** What it does, in a few words. */
  readonly summary: string;
}

/**
 * The units of a stage that the staged images are for, in their order (assisted-service, discovery.ign;
 * machine-config-operator, templates/common/_base/units).
 */
export const knownUnits: Readonly<Record<Stage, readonly KnownUnit[]>> = {
  discovery: [
    {
      name: 'agent.service',
      after: ['network-online.target'],
      summary: 'looks at the disks, then installs',
    },
  ],
  installation: [
    { name: 'crio-wipe.service', after: [], summary: 'wipes the image storage after an unclean shutdown' },
    {
      name: 'machine-config-daemon-pull.service',
      after: ['crio-wipe.service'],
      summary: 'pulls its image until a registry answers',
    },
    { name: 'nodeip-configuration.service', after: [], summary: 'runs a container' },
    {
      name: 'crio.service',
      after: ['crio-wipe.service', 'machine-config-daemon-pull.service', 'nodeip-configuration.service'],
      summary: 'runs containers',
    },
    { name: 'kubelet.service', after: ['crio.service'], summary: 'starts pods' },
  ],
};
