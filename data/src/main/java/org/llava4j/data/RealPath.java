package org.llava4j.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Path resolution by the file system: symbolic links and {@code ..} are followed, and names have their stored case on
 * case-insensitive file systems. The last elements of a path need not exist.
 */
final class RealPath {
    private RealPath() {}

    /**
     * Resolves a path.
     *
     * @throws BadInputException if the path or one of its parent folders is a dangling symbolic link
     */
    static Path of(Path path) {
        Path absolute = path.toAbsolutePath();
        Path real = absolute.getRoot();
        for (Path name : absolute) {
            if (name.toString().equals("..")) {
                real = real.getParent() == null ? real : real.getParent();
            } else if (!name.toString().equals(".")) {
                Path next = real.resolve(name);
                real = Files.exists(next, LinkOption.NOFOLLOW_LINKS) ? followed(next, path) : next;
            }
        }
        return real;
    }

    private static Path followed(Path existing, Path given) {
        try {
            return existing.toRealPath();
        } catch (IOException e) {
            if (Files.isSymbolicLink(existing)) {
                throw new BadInputException(
                        (existing.equals(given.toAbsolutePath()) ? "" : given + ": ") + existing
                                + " is a dangling symbolic link (" + IoReason.of(e)
                                + "); repair or remove the link, or choose another path",
                        e);
            }
            throw new BadInputException(given + " cannot be used (" + IoReason.of(e) + ")", e);
        }
    }

    /** Whether a real path is equal to the other one or lies inside it. */
    static boolean isAtOrInside(Path inner, Path outer) throws IOException {
        for (Path path = inner; path != null; path = path.getParent()) {
            if (isSame(path, outer)) {
                return true;
            }
        }
        return false;
    }

    /** Whether two real paths are the same file, including hard links and second mounts. */
    static boolean isSame(Path one, Path other) throws IOException {
        return one.equals(other) || Files.exists(one) && Files.exists(other) && Files.isSameFile(one, other);
    }
}
