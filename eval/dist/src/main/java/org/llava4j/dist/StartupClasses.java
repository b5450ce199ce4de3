package org.llava4j.dist;

import java.time.Duration;
import org.llava4j.cli.ShippedFiles;
import org.llava4j.data.memory.NativeMemory;
import org.llava4j.model.chat.Chat;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.server.ChatServer;
import org.llava4j.server.ServerOptions;

/**
 * Loads the classes that commands load when they start, for an archive of class-data sharing: a JVM with
 * {@code -XX:ArchiveClassesAtExit} writes those of this program. It loads the tiny model, asks it, and starts the server.
 */
final class StartupClasses {
    private StartupClasses() {}

    public static void main(String... args) throws Exception {
        String model = ShippedFiles.path("resources/tiny/llava").toString();
        LlavaMain.main("inspect", "--model-path", model);
        NativeMemory.configure();
        try (LlavaModel tiny = LlavaModel.load(ShippedFiles.path("resources/tiny/llava"));
                ChatServer server = new ChatServer(
                                tiny,
                                ServerOptions.builder().modelId("tiny").port(0).build())
                        .start()) {
            Chat chat = tiny.chat(DecodingOptions.greedy(4));
            chat.ask("?");
            server.stop(Duration.ZERO);
        }
    }
}
