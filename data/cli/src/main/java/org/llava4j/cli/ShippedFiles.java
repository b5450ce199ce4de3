package org.llava4j.cli;

import java.nio.file.Path;

/**
 * Files that ship with LLaVA4J, such as the tiny model. The distribution sets the system property {@code llava4j.home} to
 * the folder that it was unpacked into. Without it commands run in a checkout.
 */
public final class ShippedFiles {
    private static final String HOME = "llava4j.home";

    private ShippedFiles() {}

    /**
     * The path of a shipped file or folder.
     *
     * @param path path in the checkout, such as {@code resources/tiny/llava}; it is the same in the distribution
     */
    public static Path path(String path) {
        String home = System.getProperty(HOME);
        return home == null ? Path.of(path) : Path.of(home, path);
    }
}
