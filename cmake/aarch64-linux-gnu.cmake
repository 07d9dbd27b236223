# Compiles for Linux on 64-bit Arm with Debian's and Ubuntu's g++-aarch64-linux-gnu: `npm run prebuild -- --arch arm64` elsewhere.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# CMake asks Node.js, which runs here, for node-addon-api's folder. Libraries and headers are all named by their folders.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
