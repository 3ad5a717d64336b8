import { ToolError } from '../errors.ts';
import { joinKeyrings, type Keyring, parseKeyring } from '../openpgp/keyring.ts';
import beta from './keys/redhat-beta-2.asc?raw';
import release from './keys/redhat-release-2.asc?raw';

/** Red Hat's keys, embedded; see `keys/README.md`. */
const embedded = {
  release: { text: release, fingerprint: '567E347AD0044ADE55BA8A5F199E2F91FD431D51', name: 'release key 2' },
  beta: { text: beta, fingerprint: 'B08B659EE86AF623BC90E8DB938A80CAF21541EB', name: 'beta key 2' },
} as const;

/** The keys that sign releases: Red Hat's release key, and its beta key where that is asked for. */
export function redHatKeys({ beta: withBeta }: { readonly beta: boolean }): Keyring {
  return joinKeyrings(withBeta ? [keyOf('release'), keyOf('beta')] : [keyOf('release')]);
}

function keyOf(which: keyof typeof embedded): Keyring {
  const { text, fingerprint, name } = embedded[which];
  const keyring = parseKeyring(Buffer.from(text), name);
  if (keyring.keys.some((key) => key.fingerprint !== fingerprint)) {
    throw new ToolError('integrity', `the key built in as Red Hat's ${name} is another one`, {
      hint: 'this copy of the program was changed: install it anew',
    });
  }
  return keyring;
}
