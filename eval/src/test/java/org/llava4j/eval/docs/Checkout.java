package org.llava4j.eval.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** What commands and docs may name of this checkout: files, Java classes, and the modules, profiles and commands of the poms. */
final class Checkout {
    private static final Set<String> SKIPPED = Set.of(".git", "target", "node_modules");
    private static final String JAVA = ".java";

    private final Path root;
    private final Map<String, Execution> executions = new LinkedHashMap<>();
    private final Map<String, String> profiles = new LinkedHashMap<>();
    private final List<String> modules = new ArrayList<>();
    private final Set<String> classes = new TreeSet<>();

    /**
     * A command of a module.
     *
     * @param property value of its only system property, or an empty text
     */
    record Execution(String module, String mainClass, String property) {}

    Checkout(Path root) {
        this.root = root;
        Element pom = pom(root);
        addProfiles(pom);
        for (Element module : elements(pom, "module")) {
            modules.add(module.getTextContent());
            Element child = pom(root.resolve(module.getTextContent()));
            addProfiles(child);
            addExecutions(module.getTextContent(), child);
        }
        walk();
    }

    static Checkout current() {
        return new Checkout(Path.of(System.getProperty("llava4j.root")));
    }

    Path root() {
        return root;
    }

    /** Commands by the id of their execution. */
    Map<String, Execution> executions() {
        return executions;
    }

    /** Default goals by profile; empty texts where a profile has none. */
    Map<String, String> profiles() {
        return profiles;
    }

    List<String> modules() {
        return modules;
    }

    /** Simple names of all classes that have a file of their own. */
    Set<String> classes() {
        return classes;
    }

    boolean has(String file) {
        return Files.exists(root.resolve(file));
    }

    /** The documents whose commands, links and names are checked. */
    List<Path> documents() {
        List<Path> documents = new ArrayList<>(List.of(
                root.resolve("README.md"),
                root.resolve("resources/tiny/README.md"),
                root.resolve("resources/golden/README.md")));
        documents.addAll(list(root.resolve("resources/docs"), ".md"));
        return documents;
    }

    /** The stage files, which show commands in their comments. */
    List<Path> stageFiles() {
        return list(root.resolve("train/src/main/resources/org/llava4j/train/stage"), ".json");
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> list(Path folder, String ending) {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void walk() {
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                    return SKIPPED.contains(folder.getFileName().toString())
                            ? FileVisitResult.SKIP_SUBTREE
                            : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    String name = file.getFileName().toString();
                    if (name.endsWith(JAVA)) {
                        classes.add(name.substring(0, name.length() - JAVA.length()));
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void addProfiles(Element pom) {
        for (Element profile : elements(pom, "profile")) {
            List<Element> goals = elements(profile, "defaultGoal");
            profiles.putIfAbsent(
                    text(profile, "id"), goals.isEmpty() ? "" : goals.get(0).getTextContent());
        }
    }

    private void addExecutions(String module, Element pom) {
        for (Element execution : elements(pom, "execution")) {
            // Commands undo the skip of the root's pom; what has a phase belongs to the build.
            if (!elements(execution, "skip").isEmpty()
                    && elements(execution, "phase").isEmpty()) {
                List<Element> values = elements(execution, "value");
                executions.put(
                        text(execution, "id"),
                        new Execution(
                                module,
                                text(execution, "mainClass"),
                                values.isEmpty() ? "" : values.get(0).getTextContent()));
            }
        }
    }

    private static Element pom(Path folder) {
        try {
            return DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(folder.resolve("pom.xml").toFile())
                    .getDocumentElement();
        } catch (IOException | ParserConfigurationException | SAXException e) {
            throw new IllegalStateException(folder + " has no well-formed pom.xml", e);
        }
    }

    private static String text(Element parent, String name) {
        return elements(parent, name).get(0).getTextContent();
    }

    private static List<Element> elements(Element parent, String name) {
        NodeList nodes = parent.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }
}
