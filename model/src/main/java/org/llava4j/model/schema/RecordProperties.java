package org.llava4j.model.schema;

import com.fasterxml.jackson.annotation.JacksonAnnotation;
import com.fasterxml.jackson.annotation.JacksonAnnotationsInside;
import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Executable;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.llava4j.data.BadInputException;

/** The parameters of a record's constructor, as Jackson names and reads them. */
final class RecordProperties {
    /** Annotations that name values, or have no effect on reading them. Others may change what Jackson reads. */
    private static final Set<Class<? extends Annotation>> ANNOTATIONS = Set.of(
            JsonProperty.class,
            JsonNaming.class,
            JsonAlias.class,
            JsonClassDescription.class,
            JsonInclude.class,
            JsonPropertyDescription.class,
            JsonPropertyOrder.class);

    private RecordProperties() {}

    /** A property of the record's JSON: name, type, and path for messages. */
    record Property(String name, JavaType type, String path) {}

    /**
     * The properties in the order of the constructor's parameters.
     *
     * @throws BadInputException if an annotation changes what Jackson reads
     */
    static List<Property> of(JavaType type, String path) {
        Class<?> raw = type.getRawClass();
        requireAnnotations(raw, path);
        List<BeanPropertyDefinition> parameters = new ArrayList<>();
        // Others are accessors without a parameter, such as a method getItems().
        for (BeanPropertyDefinition property :
                TypedSchema.MAPPER.getDeserializationConfig().introspect(type).findProperties()) {
            if (property.hasConstructorParameter()) {
                parameters.add(property);
            }
        }
        if (parameters.size() != raw.getRecordComponents().length) {
            throw new BadInputException(path + " is the record " + raw.getSimpleName()
                    + ", whose components are not all read by its constructor; give each a name of its own");
        }
        parameters.sort(Comparator.comparingInt(
                property -> property.getConstructorParameter().getIndex()));
        return parameters.stream()
                .map(property -> new Property(
                        property.getName(),
                        property.getConstructorParameter().getType(),
                        path + "." + property.getInternalName()))
                .toList();
    }

    /** Jackson merges the annotations of a class, its interfaces and their members. */
    private static void requireAnnotations(Class<?> type, String path) {
        requireAnnotations((AnnotatedElement) type, path);
        List<AnnotatedElement> members = new ArrayList<>();
        members.addAll(Arrays.asList(type.getDeclaredFields()));
        members.addAll(Arrays.asList(type.getDeclaredMethods()));
        members.addAll(Arrays.asList(type.getDeclaredConstructors()));
        for (AnnotatedElement member : members) {
            requireAnnotations(member, path);
            if (member instanceof Executable executable) {
                for (Parameter parameter : executable.getParameters()) {
                    requireAnnotations(parameter, path);
                }
            }
        }
        for (Class<?> parent : type.getInterfaces()) {
            requireAnnotations(parent, path);
        }
    }

    private static void requireAnnotations(AnnotatedElement element, String path) {
        for (Annotation annotation : element.getDeclaredAnnotations()) {
            Class<? extends Annotation> kind = annotation.annotationType();
            boolean isJackson = kind.isAnnotationPresent(JacksonAnnotation.class)
                    || kind.isAnnotationPresent(JacksonAnnotationsInside.class);
            boolean isPartial =
                    annotation instanceof JsonProperty property && property.access() == JsonProperty.Access.READ_ONLY;
            if (isJackson && (!ANNOTATIONS.contains(kind) || isPartial)) {
                throw new BadInputException(path + " has the annotation @" + kind.getSimpleName()
                        + (isPartial ? "(access = READ_ONLY)" : "")
                        + ", whose effect on reading is not supported; remove it");
            }
        }
    }
}
