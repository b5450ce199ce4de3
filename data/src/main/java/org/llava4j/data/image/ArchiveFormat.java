package org.llava4j.data.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/** Formats of image archives, detected by content; the name counts where the content says nothing, as in old tars. */
enum ArchiveFormat {
    ZIP("zip"),
    TAR("tar");

    private static final int TAR_MAGIC_AT = 257;
    private static final String TAR_MAGIC = "ustar";

    private final String displayName;

    ArchiveFormat(String displayName) {
        this.displayName = displayName;
    }

    String displayName() {
        return displayName;
    }

    /**
     * The format of a file; null if it is not an archive.
     *
     * @throws BadInputException if it is a compressed tar
     */
    static @Nullable ArchiveFormat of(Path file) throws IOException {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        String head;
        try (InputStream in = Files.newInputStream(file)) {
            head = new String(in.readNBytes(TAR_MAGIC_AT + TAR_MAGIC.length()), StandardCharsets.ISO_8859_1);
        }
        if (head.startsWith("PK\003\004") || head.startsWith("PK\005\006")) {
            return ZIP;
        }
        if (head.startsWith(TAR_MAGIC, TAR_MAGIC_AT)) {
            return TAR;
        }
        if (head.startsWith("\u001f\u008b") || name.endsWith(".tar.gz") || name.endsWith(".tgz")) {
            throw new BadInputException(file + ": a compressed tar has no random access; decompress it to .tar");
        }
        return name.endsWith(".zip") ? ZIP : name.endsWith(".tar") ? TAR : null;
    }
}
