package org.llava4j.data.instruct;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.TextFiles;
import org.llava4j.data.llm.ChatMessage;
import org.llava4j.data.llm.LlmRequest;

/**
 * Prompts of instruction generation. Each instruction type has a folder with {@code system.txt} and the few-shot
 * examples {@code example-1.context.txt}, {@code example-1.response.txt} and so on; descriptions also have {@code
 * questions.txt}, from which their question is sampled.
 */
final class InstructionPrompts {
    private final Map<InstructionType, LlmRequest.PromptPrefix> prefixes = new EnumMap<>(InstructionType.class);
    private final List<String> questions;

    private InstructionPrompts(Source files) {
        for (InstructionType type : InstructionType.values()) {
            List<ChatMessage> messages = new ArrayList<>();
            messages.add(ChatMessage.system(files.text(type.label() + "/system.txt")));
            for (int i = 1; i <= type.numFewShotExamples(); i++) {
                String example = type.label() + "/example-" + i;
                messages.add(ChatMessage.user(files.text(example + ".context.txt")));
                messages.add(ChatMessage.assistant(files.text(example + ".response.txt")));
            }
            prefixes.put(type, new LlmRequest.PromptPrefix(messages));
        }
        questions = files.text(InstructionType.DETAIL.label() + "/questions.txt")
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    /** Reads a file by its relative name. */
    @FunctionalInterface
    private interface Source {
        String text(String name);
    }

    /** Returns the built-in prompts. */
    static InstructionPrompts builtIn() {
        return new InstructionPrompts(
                name -> TextFiles.resource(InstructionPrompts.class, name).strip());
    }

    /**
     * Reads the prompts of a folder.
     *
     * @throws BadInputException if a file is missing or empty
     */
    static InstructionPrompts read(Path folder) {
        return new InstructionPrompts(name -> file(folder.resolve(name)));
    }

    private static String file(Path file) {
        FileReadError.requireAccessible(file);
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": cannot be read; a folder of prompts must have this file");
        }
        String text = TextFiles.read(file).strip();
        if (text.isEmpty()) {
            throw new BadInputException(file + ": is empty; write a prompt");
        }
        return text;
    }

    LlmRequest.PromptPrefix prefix(InstructionType type) {
        return Objects.requireNonNull(prefixes.get(type)); // has all types
    }

    /** Returns the questions of detailed descriptions. */
    List<String> questions() {
        return questions;
    }
}
