/**
 * `major:minor` as sysfs names devices by, from an `st_rdev`: 12 bits of the major and 8 of the minor number below,
 * the rest of the minor and then of the major above (makedev(3), glibc).
 */
export function deviceNumberText(rdev: number): string {
  const packed = BigInt(rdev);
  const major = ((packed >> 8n) & 0xfffn) | ((packed >> 32n) & 0xfffff000n);
  const minor = (packed & 0xffn) | ((packed >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
