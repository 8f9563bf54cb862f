package dev.paynowbridge.sandbox;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;

/** Loads classes of this project once more, apart from those the test itself uses, and none after it was closed. */
public class Apart extends URLClassLoader {
    private static final String OWN = "dev.paynowbridge.";
    private static final String SHARED = "dev.paynowbridge.sandbox.";

    /** From these folders, of which the first that has a class counts; what is not the project's comes from the test. */
    public Apart(Path... folders) throws IOException {
        super(urls(folders), Apart.class.getClassLoader());
    }

    private static URL[] urls(Path[] folders) throws IOException {
        URL[] urls = new URL[folders.length];
        for (int place = 0; place < folders.length; place++) {
            urls[place] = folders[place].toUri().toURL();
        }
        return urls;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            boolean isOwn = name.startsWith(OWN) && !name.startsWith(SHARED);
            return known != null ? known : isOwn ? findClass(name) : super.loadClass(name, resolve);
        }
    }

    /** Whether a class was loaded. */
    public boolean has(String name) {
        return findLoadedClass(name) != null;
    }
}
