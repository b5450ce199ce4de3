package org.llava4j.model.folder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Weight files that a model maps, as they are before it is loaded. A file that is replaced by a rename or deleted stays
 * mapped as it was. A file that is written in place changes the weights of a model in use.
 */
public final class MappedFiles {
    /** No files: of a model whose weights are read. */
    public static final MappedFiles NONE = new MappedFiles(List.of());

    private final Map<Path, FileState> states = new LinkedHashMap<>();

    /** Some file systems have no key; the time of the last status change is left out, which a hard link also changes. */
    private record FileState(@Nullable Object key, long bytes, FileTime modified) {}

    private MappedFiles(Collection<Path> files) {
        for (Path file : files) {
            FileState state = stateOf(file);
            if (state != null) {
                states.put(file, state);
            }
        }
    }

    /** The files that a model from this source maps; call it before the model is loaded. */
    public static MappedFiles of(ModelSource source) {
        return source.mmap()
                ? new MappedFiles(new ModelFiles(source.folder(), source.visionTower(), null)
                        .weights()
                        .values())
                : NONE;
    }

    /**
     * Checks that no file was written in place.
     *
     * @throws ModelChangedException if one was
     */
    public void requireNotRewritten() {
        states.forEach((file, before) -> {
            FileState now = stateOf(file);
            if (now != null && Objects.equals(now.key, before.key) && !now.equals(before)) {
                throw new ModelChangedException(file);
            }
        });
    }

    /** The state of a file; null if there is none. */
    private static @Nullable FileState stateOf(Path file) {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            return new FileState(now.fileKey(), now.size(), now.lastModifiedTime());
        } catch (IOException e) {
            return null;
        }
    }
}
