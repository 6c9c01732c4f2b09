# Cross build for aarch64, run under qemu-user. The compiler and libc are Debian's cross packages; the
# libraries are Debian's arm64 packages, unpacked into build/sysroot-aarch64 (`./dev` does it), so that
# the host's own packages stay as they are.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

get_filename_component(GUST_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-aarch64 ABSOLUTE)
set(ENV{PKG_CONFIG_LIBDIR} ${GUST_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${GUST_SYSROOT})
set(CMAKE_FIND_ROOT_PATH ${GUST_SYSROOT} /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

# OpenSSL's headers depend on the architecture, in part.
set(CMAKE_C_FLAGS_INIT "-isystem ${GUST_SYSROOT}/usr/include/aarch64-linux-gnu")
set(CMAKE_CXX_FLAGS_INIT ${CMAKE_C_FLAGS_INIT})

# The libraries' own dependencies are found beside them, at link time and at run time.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-rpath-link,${GUST_SYSROOT}/usr/lib/aarch64-linux-gnu")
set(CMAKE_SHARED_LINKER_FLAGS_INIT ${CMAKE_EXE_LINKER_FLAGS_INIT})
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L /usr/aarch64-linux-gnu
    -E LD_LIBRARY_PATH=${GUST_SYSROOT}/usr/lib/aarch64-linux-gnu)
