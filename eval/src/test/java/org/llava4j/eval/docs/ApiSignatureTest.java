package org.llava4j.eval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The public signatures of the API types, which are those that the table of architecture.md lists. The file {@code
 * resources/api.txt} records them, so that no change of the API is an accident.
 */
class ApiSignatureTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path RECORD = ROOT.resolve("resources/api.txt");
    private static final String PACKAGE = "org.llava4j";
    private static final String ACCEPT = "llava4j.acceptApi";
    private static final Set<String> OF_OBJECT = Set.of("equals", "hashCode", "toString");
    private static List<Class<?>> types;

    @BeforeAll
    static void findTypes() throws IOException {
        types = ApiTypes.names().stream().<Class<?>>map(ApiSignatureTest::load).toList();
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, ApiSignatureTest.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void apiHasItsRecordedSignatures() throws IOException {
        List<String> now = types.stream().flatMap(ApiSignatureTest::signatures).toList();
        if (Boolean.getBoolean(ACCEPT)) {
            Files.write(RECORD, now);
        }
        List<String> recorded = Files.readAllLines(RECORD);
        List<String> changes = new ArrayList<>();
        recorded.stream().filter(line -> !now.contains(line)).forEach(line -> changes.add("removed: " + line));
        now.stream().filter(line -> !recorded.contains(line)).forEach(line -> changes.add("added: " + line));
        assertThat(changes)
                .as(
                        "The API differs from resources/api.txt. If that is intended, say so in CHANGELOG.md and run this test with -D"
                                + ACCEPT + "=true, which rewrites the file.")
                .isEmpty();
    }

    @Test
    void apiSignaturesNamePublicTypesOnly() {
        assertThat(types.stream().flatMap(ApiSignatureTest::signatureTypes))
                .isNotEmpty()
                .allMatch(type -> Modifier.isPublic(type.getModifiers()));
    }

    /** The declaration of a type and of its visible members, nested types included, one per line. */
    private static Stream<String> signatures(Class<?> type) {
        String name = type.getName() + ": ";
        Stream<String> members =
                members(type).map(member -> name + text(member, type)).sorted();
        Stream<String> nested = nested(type).flatMap(ApiSignatureTest::signatures);
        return Stream.concat(Stream.of(name + declaration(type)), Stream.concat(members, nested));
    }

    private static String declaration(Class<?> type) {
        String supertypes = supertypes(type).map(Type::getTypeName).collect(Collectors.joining(", "));
        return type.toGenericString() + (supertypes.isEmpty() ? "" : " extends " + supertypes);
    }

    private static Stream<Type> supertypes(Class<?> type) {
        return Stream.concat(Stream.ofNullable(type.getGenericSuperclass()), Arrays.stream(type.getGenericInterfaces()))
                .filter(above -> above != Object.class);
    }

    private static String text(Member member, Class<?> type) {
        String text = member instanceof Executable executable
                ? executable.toGenericString()
                : ((Field) member).toGenericString();
        return text.replace(" synchronized ", " ")
                .replace(member.getDeclaringClass().getName(), type.getSimpleName())
                .replace("java.lang.", "");
    }

    private static Stream<Member> members(Class<?> type) {
        Stream<Member> own = Stream.<Member[]>of(
                        type.getDeclaredConstructors(), type.getDeclaredMethods(), type.getDeclaredFields())
                .flatMap(Arrays::stream);
        return Stream.concat(own, inherited(type.getSuperclass()))
                .filter(member -> !member.isSynthetic() && isVisible(member.getModifiers()))
                .filter(member -> !OF_OBJECT.contains(member.getName()));
    }

    /** Members of a superclass that is not an API type itself. */
    private static Stream<Member> inherited(@Nullable Class<?> above) {
        if (above == null || !above.getName().startsWith(PACKAGE) || types.contains(above)) {
            return Stream.empty();
        }
        Stream<Member> own = Stream.<Member[]>of(above.getDeclaredMethods(), above.getDeclaredFields())
                .flatMap(Arrays::stream);
        return Stream.concat(own, inherited(above.getSuperclass()));
    }

    private static Stream<Class<?>> nested(Class<?> type) {
        return Arrays.stream(type.getDeclaredClasses())
                .filter(inner -> isVisible(inner.getModifiers()))
                .sorted(Comparator.comparing(Class::getName));
    }

    private static boolean isVisible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    /** LLaVA4J's types in the signatures of a type. */
    private static Stream<Class<?>> signatureTypes(Class<?> type) {
        Stream<Class<?>> own = members(type).flatMap(member -> {
            if (member instanceof Field field) {
                return Stream.of(field.getType());
            }
            Class<?>[] parameters = ((Executable) member).getParameterTypes();
            return member instanceof Method method
                    ? Stream.concat(Stream.of(method.getReturnType()), Arrays.stream(parameters))
                    : Arrays.stream(parameters);
        });
        return Stream.concat(own, nested(type).flatMap(ApiSignatureTest::signatureTypes))
                .filter(used -> used.getName().startsWith(PACKAGE));
    }
}
