package org.llava4j.model.folder;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.SortedMap;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.FileManifest;
import org.llava4j.data.FileManifest.FileDigest;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Sha256;

/**
 * What a written model folder says of itself, in {@code llava4j.json}.
 *
 * @param wrote {@link CheckpointWriter#KIND} or {@link Delta#KIND}
 * @param library version of LLaVA4J that wrote it
 * @param layout how its tensors are named
 * @param template of conversations, where it was taught one
 * @param stage that trained it last, where one did
 * @param base hash of the base's weights, in a delta or an adapter
 * @param sources for each variable the file and tensor that it came from, or {@code fresh}
 * @param files size and hash of every other file of the folder, by its name relative to it
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ModelManifest(
        String wrote,
        String library,
        String layout,
        String template,
        String stage,
        String base,
        SortedMap<String, String> sources,
        SortedMap<String, FileDigest> files) {

    /**
     * What is said beside the files.
     *
     * @param kind {@link #wrote}
     */
    public record Provenance(
            String kind,
            String layout,
            Optional<String> template,
            Optional<String> stage,
            Optional<String> base,
            SortedMap<String, String> sources) {}

    /** Hashes all files that are in a folder and writes the manifest beside them: the last thing before a commit. */
    public static void write(Path folder, Provenance story) {
        ModelManifest manifest = new ModelManifest(
                story.kind(),
                version(),
                story.layout(),
                story.template().orElse(null),
                story.stage().orElse(null),
                story.base().orElse(null),
                story.sources(),
                FileManifest.scan(folder).files());
        AtomicFile.writeString(folder.resolve(AtomicFolder.MARKER), JsonInput.write(manifest));
    }

    /** The manifest of a folder that has one. */
    public static Optional<ModelManifest> read(Path folder) {
        Path file = folder.resolve(AtomicFolder.MARKER);
        boolean told = Files.isRegularFile(file) && JsonInput.readObject(file).has("files");
        return told ? Optional.of(JsonInput.read(file, ModelManifest.class)) : Optional.empty();
    }

    /** What is not as it was written: one line for each file that changed, is gone or came later; all files are read. */
    public List<String> differences(Path folder) {
        return new FileManifest(files).differences(folder);
    }

    /** As {@link #differences}, for the files that were written: those that came later are not looked at. */
    public List<String> changedFiles(Path folder) {
        return new FileManifest(files).changedFiles(folder);
    }

    /** One hash of all files of a folder, by what is in them and their names; all are read. */
    public static String hash(Path folder) {
        Sha256 hash = new Sha256();
        FileManifest.scan(folder).files().forEach((name, mark) -> {
            if (!name.endsWith("/")) {
                hash.add(name + "\n" + mark.sha256() + "\n");
            }
        });
        return hash.hex();
    }

    /** The version of this library. */
    public static String version() {
        try (InputStream in = ModelManifest.class.getResourceAsStream("library.properties")) {
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
