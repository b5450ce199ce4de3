package org.llava4j.data.instruct;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.data.TextFiles;
import org.llava4j.data.Unreadable;
import org.llava4j.data.endpoint.ChatCall;
import org.llava4j.data.endpoint.ChatMessage;

/**
 * What the teacher is told before it is told of a picture: for each kind a folder with {@code system.txt}, worked
 * examples {@code example-1.context.txt}, {@code example-1.response.txt} and so on, and for descriptions
 * {@code questions.txt}, one of which each is the answer to.
 */
public final class Prompts {
    private final Map<Kind, ChatCall.Lead> leads = new EnumMap<>(Kind.class);
    private final List<String> questions;

    private Prompts(Source files) {
        for (Kind kind : Kind.values()) {
            List<ChatMessage> messages = new ArrayList<>();
            messages.add(ChatMessage.system(files.text(kind.label() + "/system.txt")));
            for (int i = 1; i <= kind.examples(); i++) {
                String example = kind.label() + "/example-" + i;
                messages.add(ChatMessage.user(files.text(example + ".context.txt")));
                messages.add(ChatMessage.assistant(files.text(example + ".response.txt")));
            }
            leads.put(kind, new ChatCall.Lead(messages));
        }
        questions = files.text(Kind.DETAIL.label() + "/questions.txt")
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    /** Where the files are. */
    @FunctionalInterface
    private interface Source {
        String text(String name);
    }

    /** Our own. */
    public static Prompts own() {
        return new Prompts(Prompts::resource);
    }

    /** Those of a folder. @throws BadInputException if a file is missing or empty */
    public static Prompts read(Path folder) {
        return new Prompts(name -> file(folder.resolve(name)));
    }

    private static String resource(String name) {
        try (InputStream in = Prompts.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String file(Path file) {
        Unreadable.requireVisible(file);
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(
                    file + ": cannot be read; the folder of prompts must have it, as the shipped one does");
        }
        String text = TextFiles.read(file).strip();
        if (text.isEmpty()) {
            throw new BadInputException(file + ": is empty; write what the teacher is told");
        }
        return text;
    }

    ChatCall.Lead lead(Kind kind) {
        return leads.get(kind);
    }

    /** Questions that a description answers. */
    List<String> questions() {
        return questions;
    }
}
