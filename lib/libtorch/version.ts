/** The version that `resnet-ft libtorch install` installs and that prebuilt addons are compiled against. */
export const LIBTORCH_VERSION = '2.13.0';
