import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mirrorName } from '../../src/core/containers/mirror-place.ts';
import { parseRegistriesConf } from '../../src/core/containers/registries-conf.ts';
import { bootHooks } from '../../src/core/ignition/boot-hooks.ts';
import { installHooks, linkPartition, units } from '../support/boot-machine.ts';
import { startFakeRegistry } from '../support/fake-registry.ts';
import { type LoopDevice, type LoopDevices, makeLoopDevices } from '../support/loop-device.ts';
import { lacking } from '../support/needs.ts';
import { canBoot, type Machine, makeMachine } from '../support/nspawn.ts';
import { packagedTool } from '../support/packaged.ts';
import { output, run, runTool } from '../support/process.ts';
import { writeReleaseSet } from '../support/release-set.ts';
import { unmountFully } from '../support/small-disk.ts';

const label = 'data-1.x';
const dropIn = '/etc/containers/registries.conf.d/zz-precache-registry.conf';
const users = ['machine-config-daemon-pull', 'nodeip-configuration', 'crio', 'kubelet'];

/** A unit of the node that tells when it starts. */
const standIn = (name: string, after = '') => `[Unit]
${after}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash -c 'echo ${name} >>/var/order'
[Install]
WantedBy=multi-user.target
`;

const needs = {
  root: true,
  programs: ['mkfs.xfs', 'losetup', 'skopeo', 'podman', 'jq', 'curl', 'systemd-analyze'],
};
const ready = packagedTool !== undefined && lacking(needs).length === 0 && (await canBoot());

describe.skipIf(!ready)(
  "the node's own registry on a real systemd (needs root, skopeo, podman, npm run package, systemd-nspawn that boots)",
  () => {
    let loops: LoopDevices;
    let disk: LoopDevice;
    let machine: Machine;
    let names: string[];
    let tagged: string;
    let nodeRegistry: string;

    beforeAll(async () => {
      loops = await makeLoopDevices();
      disk = await loops.attach({ bytes: 500 * 1024 ** 2 });
      await output(['mkfs.xfs', '-q', disk.path]);
      const folder = join(loops.scratch, 'mnt');
      await mkdir(folder);
      await output(['mount', disk.path, folder]);
      const registry = await startFakeRegistry();
      try {
        const set = await writeReleaseSet(join(loops.scratch, 'set'), {
          host: registry.host,
          components: 18,
          baseLayers: [200_000],
          ownLayer: { min: 10_000, max: 60_000 },
        });
        registry.add(set);
        tagged = set.additional.index.reference;
        const images = ['--release-image', set.release.reference, '-a', tagged];
        const made = await runTool(['download', '-f', folder, `--node-registry=${packagedTool}`, ...images]);
        expect(made.status, made.stderr).toBe(0);
        nodeRegistry = /^Node registry, SHA-256: (\w+)$/m.exec(made.stdout)?.[1] ?? '';
        expect((await runTool(['verify', '-f', folder])).status).toBe(0);
        names = (await readFile(join(folder, 'ocp-images.txt'), 'utf8')).trim().split('\n');
      } finally {
        await registry.close();
      }
      await unmountFully(folder, disk);
    }, 120_000);
    afterAll(() => loops.remove());

    beforeEach(async () => {
      machine = await makeMachine(join(loops.scratch, 'root'));
      await linkPartition(machine, label, disk.path);
      // podman wants it to be there.
      await machine.put('/var/tmp/.keep', '');
      await machine.put('/etc/containers/registries.conf', '');
      await machine.put('/var/names', `${some().join('\n')}\n`);
      await install(nodeRegistry);
      for (const name of ['precache-registry-setup', 'precache-ocp-images']) {
        await machine.put(
          `${units}/${name}.service.d/order.conf`,
          `[Service]\nExecStartPre=/bin/bash -c "echo ${name} >>/var/order"\n`,
        );
      }
      await machine.put(`${units}/crio-wipe.service`, standIn('crio-wipe'));
      for (const user of users)
        await machine.put(`${units}/${user}.service`, standIn(user, 'After=crio-wipe.service'));
      await machine.enable('crio-wipe.service', ...users.map((user) => `${user}.service`));
      await machine.put(
        `${units}/probe.service`,
        `[Unit]\nAfter=${users.map((user) => `${user}.service`).join(' ')}\n[Service]\nType=oneshot\nExecStart=/bin/bash /usr/local/bin/probe.sh\nExecStopPost=/usr/bin/systemctl poweroff --no-block\n[Install]\nWantedBy=multi-user.target\n`,
      );
      await machine.enable('probe.service');
    });
    afterEach(() => rm(machine.root, { recursive: true, force: true }));

    /** One by its digest, one by its tag: a pull is a process of a second or two. */
    const some = () => [names[0] ?? '', tagged];
    const host = () => tagged.split('/')[0] ?? '';
    /** The mirror of the hub, where the node has one. */
    const hub = () => `127.0.0.1:22701/${mirrorName(host())}`;
    const install = (sum: string) =>
      installHooks(
        machine,
        bootHooks('installation', label, undefined, { format: 'pool', reclaim: false, nodeRegistry: sum }),
      );

    /** Boots, runs lines of bash once everybody has started, and gives what they wrote by the names of their files. */
    async function boot(probe: string) {
      await rm(join(machine.root, 'var/order'), { force: true });
      await rm(join(machine.root, 'var/out'), { recursive: true, force: true });
      await machine.put(
        '/usr/local/bin/probe.sh',
        `mkdir -p /var/out; cd /var/out
failing() { while read -r name; do "$@" "$name" >/dev/null || echo "$name"; done </var/names; }
{ :; ${probe}
} >said 2>&1
cp /run/precache/report-ocp.json /run/precache-registry/report-registry.json . 2>/dev/null
podman images --all --format json 2>>said | jq -r ".[].Names[]?" | sort >images
ls /etc/containers/registries.conf.d >drop-ins
journalctl --boot --quiet --output=cat >journal; true
`,
      );
      const console = await machine.boot([disk.path]);
      const out = (name: string) => machine.read(`var/out/${name}`).catch(() => '');
      return {
        console,
        out,
        order: (await machine.read('var/order')).trim().split('\n'),
        report: JSON.parse((await out('report-ocp.json')) || 'null') as unknown,
      };
    }

    it('the units are right for systemd', async () => {
      const paths = ['setup.service', 'mirrors.path', 'mirrors.service']
        .map((name) => `precache-registry-${name}`)
        .concat(
          'precache-registry.socket',
          'precache-registry.service',
          'precache-ocp-images.service',
          'var-mnt.mount',
        )
        .map((name) => join(machine.root, units, name));
      const { status, stdout, stderr } = await run(['systemd-analyze', 'verify', '--man=no', ...paths]);
      expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
    });

    it('answers pulls by digest and tag before anybody pulls, on every boot, and comes back when it is killed', async () => {
      for (const turn of [1, 2]) {
        const { order, out, report, console } = await boot(`
failing podman pull --quiet >failed
skopeo copy --quiet docker://${tagged} dir:/var/tmp/copy-${turn} && echo copied >copied
podman rmi --all --force >/dev/null
failing podman pull --quiet >failed-after-kill &
for turn in 1 2 3 4 5; do systemctl kill --signal=KILL precache-registry.service; sleep 0.3; done
wait
skopeo inspect docker://${tagged} >/dev/null
systemctl show --property=MainPID --value precache-registry.service >pid
findmnt --noheadings --output=OPTIONS /var/mnt >mounted`);
        expect(order.slice(0, 2), console).toEqual(['precache-registry-setup', 'crio-wipe']);
        expect(order.slice(2).toSorted()).toEqual(users.toSorted());
        for (const file of ['failed', 'failed-after-kill'])
          expect(await out(file), await out('said')).toBe('');
        expect(await out('copied')).toBe('copied\n');
        expect(Number(await out('pid'))).toBeGreaterThan(0);
        expect(await out('images')).toContain(tagged);
        expect(report).toMatchObject({
          state: 'complete',
          registry: true,
          loaded: [],
          failed: [],
          steps: [],
        });
        expect(await out('mounted')).toMatch(/^ro,/);
      }
    }, 400_000);

    it("follows the node's mirrors, and leaves nothing when the partition goes", async () => {
      await machine.put(dropIn, 'left by a power cut');
      const { out } = await boot(`
cp ${dropIn} before
cat >/etc/containers/new.conf <<END
[[registry]]
location = "${host()}"
blocked = true
[[registry.mirror]]
location = "${hub()}"
insecure = true
END
mv /etc/containers/new.conf /etc/containers/registries.conf
for ((turn = 0; turn < 100; turn++)); do grep --quiet 22701 ${dropIn} && break; sleep 0.2; done
cp ${dropIn} after
failing podman pull --quiet >failed
podman rmi --all --force >/dev/null
cp --recursive /var/mnt /var/hub
/var/hub/bin/factory-precaching-cli registry serve --root /var/hub --listen 127.0.0.1:22701 &
until (exec 3<>/dev/tcp/127.0.0.1/22701); do sleep 0.1; done
systemctl stop var-mnt.mount
SECONDS=0; failing podman pull --quiet >failed-without; echo $SECONDS >seconds
kill %1
systemctl is-active precache-registry.socket >socket
systemctl stop precache-registry-setup.service; ls ${dropIn}`);
      expect(await out('before'), await out('said')).not.toContain('22701');
      const changed = parseRegistriesConf(await out('after'), 'after').rules;
      expect(changed[0]).toMatchObject({ blocked: true, mirrors: [{ insecure: true }, {}] });
      expect(changed[0]?.mirrors[1]?.location).toContain(`${hub()}/`);
      expect(await out('failed'), await out('said')).toBe('');
      expect(await out('failed-without'), await out('said')).toBe('');
      expect(Number(await out('seconds'))).toBeLessThan(20);
      expect(await out('socket')).toBe('inactive\n');
      expect(await out('drop-ins')).not.toContain('zz-precache');
    }, 200_000);

    it.each([
      [
        'another executable',
        () => install('a'.repeat(64)),
        /is not run: its SHA-256 is [0-9a-f]{64}, and the override/,
      ],
      [
        'somebody else on the port',
        async () => {
          await machine.put(`${units}/other.socket`, '[Socket]\nListenStream=127.0.0.1:22700\n');
          await machine.put(`${units}/other.service`, '[Service]\nExecStart=/usr/bin/sleep 1000\n');
          await machine.enable('other.socket');
          await machine.put(
            `${units}/precache-registry-setup.service.d/after.conf`,
            '[Unit]\nAfter=other.socket\n',
          );
        },
        /nothing can listen on 127\.0\.0\.1:22700/,
      ],
      [
        'a registries.conf that cannot be read',
        () => machine.put('/etc/containers/registries.conf', '[[registry\n'),
        /mirrors cannot be read: .*registries\.conf:1:/,
      ],
    ])(
      'with %s loads the images, and says why',
      async (_what, prepare, reason) => {
        await prepare();
        const { out, order, report, console } = await boot('');
        expect(order.slice(0, 3), console).toEqual([
          'precache-registry-setup',
          'crio-wipe',
          'precache-ocp-images',
        ]);
        expect(report).toMatchObject({ state: 'complete', steps: [expect.stringMatching(reason)] });
        expect(report).not.toHaveProperty('registry');
        expect(console).toMatch(/precache ocp: falling back: the node's registry is not used: /);
        expect((await out('images')).trim().split('\n')).toEqual(names.toSorted());
        expect(await out('drop-ins')).not.toContain('zz-precache');
      },
      200_000,
    );

    it('without the partition starts everybody, and pulls as if nobody had been there', async () => {
      await machine.put(dropIn, 'left by a power cut');
      await rm(join(machine.root, 'etc/tmpfiles.d/partition.conf'));
      const { out, order, report, console } = await boot('');
      expect(order.slice(-users.length).toSorted(), console).toEqual(users.toSorted());
      expect(report).toMatchObject({
        state: 'incomplete',
        steps: [expect.stringContaining('nothing is mounted on /var/mnt')],
      });
      expect(await out('drop-ins')).not.toContain('zz-precache');
    }, 200_000);
  },
);
