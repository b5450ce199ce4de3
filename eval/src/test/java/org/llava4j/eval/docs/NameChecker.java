package org.llava4j.eval.docs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Checks what a Markdown document names: links with their anchors, files, flags and classes. */
final class NameChecker {
    private static final Pattern FENCE = Pattern.compile("(?ms)^```.*?^```");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)|<img[^>]*src=\"([^\"]+)\"");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");
    private static final Pattern FILE =
            Pattern.compile("(?:data|model|train|eval|resources|\\.ci|\\.github)/[\\w./-]+");
    private static final Pattern FLAG = Pattern.compile("--([a-z][a-z0-9-]*)");
    private static final Pattern CLASS = Pattern.compile("([A-Z][a-z][A-Za-z0-9]*)(?:\\.\\w+)?");
    private static final Set<String> FOREIGN_FLAGS = Set.of("add-modules", "add-opens", "add-exports");
    private static final Set<String> FOREIGN_CLASSES = Set.of(
            "AiServices",
            "BufferedImage",
            "ChatModel",
            "ChatModelListener",
            "Cleaner",
            "HistoryListener",
            "ImageContent",
            "InferenceSession",
            "InvalidRequestException",
            "Invoke",
            "MiniDFSCluster",
            "Mmul",
            "ModelNotFoundException",
            "MultiDataSet",
            "MultiDataSetIterator",
            "MultiDataSetPreProcessor",
            "OpenAiChatModel",
            "OpenAiStreamingChatModel",
            "RecordReader",
            "SameDiff",
            "ScoreListener",
            "StreamingChatModel",
            "TrainingSession",
            "UIListener",
            "UnsupportedFeatureException",
            "WeightDecay");

    private final Checkout checkout;
    private final Set<String> flags;

    NameChecker(Checkout checkout, Set<String> flags) {
        this.checkout = checkout;
        this.flags = flags;
    }

    /** What a document names that is not there. */
    List<String> problems(Path document, String markdown) {
        List<String> problems = new ArrayList<>();
        String prose = FENCE.matcher(markdown).replaceAll("");
        LINK.matcher(prose)
                .results()
                .map(link -> link.group(1) == null ? link.group(2) : link.group(1))
                .filter(link -> !link.startsWith("http"))
                .forEach(link -> check(document, markdown, link, problems));
        for (String code : ShellText.inlineCode(markdown)) {
            check(code, problems);
        }
        return problems;
    }

    private void check(Path document, String markdown, String link, List<String> problems) {
        String[] parts = link.split("#", 2);
        Path target = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]);
        if (!Files.exists(target)) {
            problems.add("dead link " + link);
        } else if (parts.length == 2
                && anchors(parts[0].isEmpty() ? markdown : Checkout.read(target))
                        .noneMatch(parts[1]::equals)) {
            problems.add("no heading for " + link);
        }
    }

    private void check(String code, List<String> problems) {
        if (FILE.matcher(code).matches() && !checkout.has(code)) {
            problems.add("there is no file " + code);
        }
        if (CLASS.matcher(code).matches()) {
            String name = CLASS.matcher(code).replaceFirst("$1");
            if (!checkout.classes().contains(name) && !FOREIGN_CLASSES.contains(name)) {
                problems.add("there is no class " + name);
            }
        }
        if (code.startsWith("--")
                || code.contains(" --") && checkout.executions().containsKey(code.split(" ", 2)[0])) {
            FLAG.matcher(code)
                    .results()
                    .map(flag -> flag.group(1))
                    .filter(flag -> !flags.contains(flag) && !FOREIGN_FLAGS.contains(flag))
                    .forEach(flag -> problems.add("there is no flag --" + flag));
        }
    }

    /** Anchors of headings, as GitHub makes them. */
    private static Stream<String> anchors(String markdown) {
        return HEADING.matcher(FENCE.matcher(markdown).replaceAll(""))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^a-z0-9 _-]", "")
                        .replace(' ', '-'));
    }
}
