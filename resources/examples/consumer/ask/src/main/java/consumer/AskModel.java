package consumer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.llava4j.model.chat.LlavaModel;

/** Asks a model about an image: as a file, and inside of an archive. */
public final class AskModel {
    private static final String QUESTION = "Which way is it from the house to the tree?\nContext: N/A\n"
            + "Options: (A) north (B) south (C) east (D) west";
    private static final String ANSWER = "The answer is C.";

    private AskModel() {}

    /** @param args a checkout of LLaVA4J, for its tiny model and an image */
    public static void main(String[] args) throws IOException {
        Path root = Path.of(args[0]);
        Path image = root.resolve("resources/readme/map.png");
        Path tar = Files.createTempFile("images", ".tar");
        try (LlavaModel model = LlavaModel.load(root.resolve("resources/tiny/llava"))) {
            writeTar(tar, "map.png", Files.readAllBytes(image));
            require(model.answer(image, QUESTION));
            require(model.answer(tar.resolve("map.png"), QUESTION));
            System.out.println("consumer: the model answers");
        } finally {
            Files.delete(tar);
        }
    }

    private static void require(String answer) {
        if (!answer.equals(ANSWER)) {
            throw new IllegalStateException("the answer is \"" + answer + "\" instead of \"" + ANSWER + "\"");
        }
    }

    private static void writeTar(Path file, String name, byte[] content) throws IOException {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(file))) {
            TarArchiveEntry entry = new TarArchiveEntry(name);
            entry.setSize(content.length);
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
        }
    }
}
