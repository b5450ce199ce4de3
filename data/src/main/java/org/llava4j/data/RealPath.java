package org.llava4j.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Paths as the file system resolves them: symbolic links and {@code ..} are followed, on case-insensitive file systems names
 * have their stored case. The last parts of a path may be missing.
 */
final class RealPath {
    private RealPath() {}

    /** @throws BadInputException if the path, or a folder on its way, is a symbolic link that leads nowhere */
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
                                + " is a symbolic link that leads nowhere (" + IoReason.of(e)
                                + "); repair or remove the link, or choose another path",
                        e);
            }
            throw new BadInputException(given + " cannot be used (" + IoReason.of(e) + ")", e);
        }
    }

    /** Whether a real path is the other one or lies inside it. */
    static boolean isAtOrInside(Path inner, Path outer) throws IOException {
        for (Path path = inner; path != null; path = path.getParent()) {
            if (isSame(path, outer)) {
                return true;
            }
        }
        return false;
    }

    /** Whether two real paths are the same file, also by a hard link or a second mount. */
    static boolean isSame(Path one, Path other) throws IOException {
        return one.equals(other) || Files.exists(one) && Files.exists(other) && Files.isSameFile(one, other);
    }
}
