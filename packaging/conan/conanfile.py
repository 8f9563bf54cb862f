"""paynow_bridge for Conan 2, from an archive that `make dist` made: nothing is compiled and nothing is fetched.

    PAYNOW_ARCHIVES=target/dist conan create packaging/conan -o paynow_bridge/*:shared=True

PAYNOW_ARCHIVES is the folder with the archives and their SHA256SUMS.
"""

import hashlib
import os
import pathlib
import re

from conan import ConanFile
from conan.errors import ConanException, ConanInvalidConfiguration
from conan.tools.files import copy, unzip
from conan.tools.scm import Version

# What the archives are called, by what Conan calls it. musl is a choice of the user's: Conan has no setting for it.
TARGETS = {
    ("Linux", "x86_64"): "linux-x86_64",
    ("Linux", "x86"): "linux-i686",
    ("Linux", "armv8"): "linux-aarch64",
    ("Windows", "x86_64"): "windows-x86_64",
    ("Macos", "armv8"): "macos-aarch64",
    ("Macos", "x86_64"): "macos-x86_64",
}
# The oldest system each of them runs on.
MACOS = {"macos-aarch64": "11.0", "macos-x86_64": "10.12"}


class PaynowBridge(ConanFile):
    name = "paynow_bridge"
    description = "Talk to a PayNow store from a game server without ever making the game wait"
    license = "MIT OR Apache-2.0"
    homepage = "https://paynowbridge.dev"
    url = "https://paynowbridge.dev/paynow-bridge"
    topics = ("paynow", "gameserver", "minecraft")
    package_type = "library"
    settings = "os", "arch"
    options = {"shared": [True, False], "musl": [True, False]}
    default_options = {"shared": True, "musl": False}

    def set_version(self):
        manifest = pathlib.Path(self.recipe_folder, "..", "..", "Cargo.toml")
        if not self.version and manifest.exists():
            self.version = re.search(r'^version = "(.*)"', manifest.read_text(), re.MULTILINE)[1]

    def _target(self):
        target = TARGETS.get((str(self.settings.os), str(self.settings.arch)))
        return f"{target}-musl" if target in ("linux-x86_64", "linux-aarch64") and self.options.musl else target

    def validate(self):
        if self._target() is None:
            raise ConanInvalidConfiguration(f"there is no archive for {self.settings.os} on {self.settings.arch}")
        if self.options.musl and not self._target().endswith("-musl"):
            raise ConanInvalidConfiguration("musl is for Linux on x86_64 and armv8 only")
        oldest, wanted = MACOS.get(self._target()), self.settings.get_safe("os.version")
        if oldest and wanted and Version(wanted) < oldest:
            raise ConanInvalidConfiguration(f"the library is for macOS {oldest} or newer, not for {wanted}")

    def package_id(self):
        # One archive is for all systems that are new enough.
        self.info.settings.rm_safe("os.version")

    def _archive(self):
        folder = os.environ.get("PAYNOW_ARCHIVES")
        if not folder:
            raise ConanException("PAYNOW_ARCHIVES does not say where the archives are")
        target = self._target()
        archive = pathlib.Path(folder, f"paynow_bridge-{self.version}-{target}{'.zip' if 'windows' in target else '.tar.gz'}")
        if not archive.exists():
            raise ConanException(f"{archive} is missing: packaging/dist.sh {target} makes it")
        sums = pathlib.Path(folder, "SHA256SUMS").read_text().split("\n")
        expected = [line.split()[0] for line in sums if line.endswith(f"  {archive.name}")]
        if expected != [hashlib.sha256(archive.read_bytes()).hexdigest()]:
            raise ConanException(f"{archive} is not what SHA256SUMS says")
        return archive

    def package(self):
        unzip(self, str(self._archive()), destination=self.build_folder, strip_root=True)
        unwanted = ["*.a", "*-static.pc"] if self.options.shared else ["*.so*", "*.dylib", "*.dll", "*.dll.a", "*.lib"]
        for pattern in ("include/*", "lib/*", "bin/*", "share/*"):
            copy(self, pattern, self.build_folder, self.package_folder, excludes=unwanted)
        if self.options.shared:
            # What Windows links with ends like a static library.
            copy(self, "lib/*.dll.a", self.build_folder, self.package_folder)
        for pattern in ("LICENSE*", "THIRD-PARTY-NOTICES.txt"):
            copy(self, pattern, os.path.join(self.build_folder, "share/doc/paynow_bridge"), os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        # The package has a CMake package of its own, which Conan's would stand in for only in part.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/paynow_bridge"]
        self.cpp_info.set_property("pkg_config_name", "paynow_bridge" if self.options.shared else "paynow_bridge-static")
        self.cpp_info.libs = ["paynow_bridge"]
        if not self.options.shared:
            if self.settings.os == "Windows":
                self.cpp_info.system_libs = ["ws2_32", "ntdll", "userenv", "bcrypt", "crypt32", "advapi32", "dbghelp", "kernel32"]
            elif self.settings.os == "Macos":
                self.cpp_info.frameworks = ["Security", "CoreFoundation"]
            else:
                self.cpp_info.system_libs = ["pthread", "dl", "m"]
                # A module stays loaded, and keeps the library's symbols to itself.
                self.cpp_info.sharedlinkflags = ["-Wl,-z,nodelete", "-Wl,--exclude-libs,libpaynow_bridge.a"]
