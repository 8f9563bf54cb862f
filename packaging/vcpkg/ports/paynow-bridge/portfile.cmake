# Takes what `make dist` packed: nothing is compiled and nothing is fetched. See packaging/vcpkg/README.md.
if(NOT DEFINED ENV{PAYNOW_ARCHIVES})
  message(FATAL_ERROR "PAYNOW_ARCHIVES does not say where the archives are; name it in VCPKG_KEEP_ENV_VARS too")
endif()
file(TO_CMAKE_PATH "$ENV{PAYNOW_ARCHIVES}" archives)

if(VCPKG_TARGET_IS_LINUX AND VCPKG_TARGET_ARCHITECTURE STREQUAL "x64")
  set(target linux-x86_64)
elseif(VCPKG_TARGET_IS_LINUX AND VCPKG_TARGET_ARCHITECTURE STREQUAL "x86")
  set(target linux-i686)
elseif(VCPKG_TARGET_IS_LINUX AND VCPKG_TARGET_ARCHITECTURE STREQUAL "arm64")
  set(target linux-aarch64)
elseif(VCPKG_TARGET_IS_WINDOWS AND VCPKG_TARGET_ARCHITECTURE STREQUAL "x64")
  set(target windows-x86_64)
elseif(VCPKG_TARGET_IS_OSX AND VCPKG_TARGET_ARCHITECTURE STREQUAL "arm64")
  set(target macos-aarch64)
elseif(VCPKG_TARGET_IS_OSX AND VCPKG_TARGET_ARCHITECTURE STREQUAL "x64")
  set(target macos-x86_64)
else()
  message(FATAL_ERROR "there is no archive for ${TARGET_TRIPLET}")
endif()

file(GLOB archive "${archives}/paynow_bridge-${VERSION}-${target}.tar.gz" "${archives}/paynow_bridge-${VERSION}-${target}.zip")
if(NOT archive)
  message(FATAL_ERROR "${archives} has no paynow_bridge-${VERSION}-${target}: packaging/dist.sh ${target} makes it")
endif()
get_filename_component(name "${archive}" NAME)
file(SHA256 "${archive}" sum)
file(STRINGS "${archives}/SHA256SUMS" sums)
if(NOT "${sum}  ${name}" IN_LIST sums)
  message(FATAL_ERROR "${archive} is not what SHA256SUMS says")
endif()

vcpkg_extract_source_archive(source ARCHIVE "${archive}")

# One build serves both: it has no debug runtime of its own.
set(VCPKG_BUILD_TYPE release)
set(VCPKG_POLICY_MISMATCHED_NUMBER_OF_BINARIES enabled)
# Its install name is of that kind already, and what is changed after it was signed is not loaded.
set(VCPKG_FIXUP_MACHO_RPATH OFF)

file(INSTALL "${source}/include" DESTINATION "${CURRENT_PACKAGES_DIR}")
file(INSTALL "${source}/lib" DESTINATION "${CURRENT_PACKAGES_DIR}" PATTERN cmake EXCLUDE)
if(VCPKG_TARGET_IS_WINDOWS)
  file(INSTALL "${source}/bin/paynow_bridge.dll" DESTINATION "${CURRENT_PACKAGES_DIR}/bin")
endif()
if(VCPKG_LIBRARY_LINKAGE STREQUAL "static")
  file(GLOB unwanted "${CURRENT_PACKAGES_DIR}/lib/*.so*" "${CURRENT_PACKAGES_DIR}/lib/*.dylib"
    "${CURRENT_PACKAGES_DIR}/lib/*.dll.a" "${CURRENT_PACKAGES_DIR}/lib/*.lib" "${CURRENT_PACKAGES_DIR}/bin")
else()
  set(unwanted "${CURRENT_PACKAGES_DIR}/lib/libpaynow_bridge.a" "${CURRENT_PACKAGES_DIR}/lib/pkgconfig/paynow_bridge-static.pc")
endif()
if(unwanted)
  file(REMOVE_RECURSE ${unwanted})
endif()

# The package's own finds its neighbours three folders up; it stays as deep as it was.
file(INSTALL "${source}/lib/cmake/paynow_bridge" DESTINATION "${CURRENT_PACKAGES_DIR}/lib/cmake")
set(VCPKG_POLICY_SKIP_MISPLACED_CMAKE_FILES_CHECK enabled)
set(VCPKG_POLICY_SKIP_LIB_CMAKE_MERGE_CHECK enabled)

file(INSTALL "${source}/share/doc/paynow_bridge/THIRD-PARTY-NOTICES.txt" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${source}/share/doc/paynow_bridge/LICENSE" "${source}/share/doc/paynow_bridge/LICENSE-MIT"
  "${source}/share/doc/paynow_bridge/LICENSE-APACHE")
