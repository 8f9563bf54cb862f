package dev.paynowbridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.ParamTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the documentation says may be null is annotated so, and nothing else is. */
class NullnessTest {
    private static final Pattern SAYS_NULL = Pattern.compile("\\bnull (for|when)\\b|\\bor null\\b");

    /** Parameters of what others can call: whether they may be null by their annotation, and by what is written about them. */
    private record Found(List<String> onlyAnnotated, List<String> onlyWritten, TreeSet<String> both) {
        Found() {
            this(new ArrayList<>(), new ArrayList<>(), new TreeSet<>());
        }

        void add(String what, boolean annotated, boolean written) {
            if (annotated && written) {
                both.add(what);
            } else if (annotated) {
                onlyAnnotated.add(what);
            } else if (written) {
                onlyWritten.add(what);
            }
        }
    }

    private static Found read(Path folder) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Found found = new Found();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                Stream<Path> all = Files.list(folder)) {
            List<Path> sources = all.filter(file -> file.toString().endsWith(".java")).toList();
            JavacTask task =
                    (JavacTask) compiler.getTask(null, files, null, null, null, files.getJavaFileObjectsFromPaths(sources));
            Scanner scanner = new Scanner(DocTrees.instance(task), found);
            for (CompilationUnitTree unit : task.parse()) {
                scanner.scan(unit, null);
            }
        }
        return found;
    }

    private static final class Scanner extends TreePathScanner<Void, Void> {
        private final DocTrees docs;
        private final Found found;

        Scanner(DocTrees docs, Found found) {
            this.docs = docs;
            this.found = found;
        }

        @Override
        public Void visitClass(ClassTree tree, Void nothing) {
            boolean isInside = getCurrentPath().getParentPath().getLeaf() instanceof ClassTree;
            boolean isPublic = tree.getModifiers().getFlags().contains(Modifier.PUBLIC);
            if (!isPublic && !(isInside && tree.getKind() == Tree.Kind.ENUM)) {
                return null;
            }
            if (tree.getKind() == Tree.Kind.RECORD) {
                Map<String, String> written = parameters(getCurrentPath());
                for (Tree member : tree.getMembers()) {
                    if (member instanceof VariableTree field && !field.getModifiers().getFlags().contains(Modifier.STATIC)) {
                        add(tree.getSimpleName() + "." + field.getName(), field, written);
                    }
                }
            }
            return super.visitClass(tree, nothing);
        }

        @Override
        public Void visitMethod(MethodTree tree, Void nothing) {
            ClassTree owner = (ClassTree) getCurrentPath().getParentPath().getLeaf();
            boolean isOpen = tree.getModifiers().getFlags().contains(Modifier.PUBLIC)
                    || tree.getModifiers().getFlags().contains(Modifier.PROTECTED)
                    || owner.getKind() == Tree.Kind.INTERFACE;
            DocCommentTree doc = docs.getDocCommentTree(getCurrentPath());
            // What comes from the JDK is documented there; what no annotation can say is left without.
            if (isOpen && doc != null && !is(tree, "Override") && !is(tree, "NullUnmarked")) {
                Map<String, String> written = parameters(getCurrentPath());
                for (VariableTree parameter : tree.getParameters()) {
                    add(owner.getSimpleName() + "." + tree.getName() + "(" + parameter.getName() + ")", parameter, written);
                }
            }
            return null;
        }

        private static boolean is(MethodTree tree, String annotation) {
            return tree.getModifiers().getAnnotations().stream()
                    .anyMatch(each -> each.getAnnotationType().toString().equals(annotation));
        }

        private void add(String what, VariableTree variable, Map<String, String> written) {
            boolean annotated = (variable.getModifiers() + " " + variable.getType()).contains("@Nullable");
            found.add(what, annotated, SAYS_NULL.matcher(written.getOrDefault(variable.getName().toString(), "")).find());
        }

        private Map<String, String> parameters(TreePath path) {
            Map<String, String> written = new HashMap<>();
            DocCommentTree doc = docs.getDocCommentTree(path);
            if (doc != null) {
                doc.getBlockTags().forEach(tag -> {
                    if (tag instanceof ParamTree parameter) {
                        written.put(parameter.getName().toString(), parameter.getDescription().toString());
                    }
                });
            }
            return written;
        }
    }

    @Test
    void whatMayBeNullIsAnnotatedAndNothingElseIs() throws IOException {
        Found found = read(Path.of(System.getProperty("paynow.test.sources"), "dev", "paynowbridge"));
        assertEquals(List.of(), found.onlyWritten(), "documented as null, and not annotated");
        assertEquals(List.of(), found.onlyAnnotated(), "annotated, and not documented");
        // That it found anything at all.
        assertTrue(found.both().containsAll(List.of(
                "ApiRequest.of(json)", "CustomerQuery.customerIds(customerIds)", "HandlerFailures.failed(owner)", "Player.name",
                "PayNowException.isCancellation(failure)")), found.both().toString());
    }

    @Test
    void everythingElseIsNotNull() {
        assertNotNull(PayNowClient.class.getPackage().getAnnotation(NullMarked.class));
    }

    /** Kotlin reads them from the class files. */
    @Test
    void theAnnotationsAreInTheClasses() throws ReflectiveOperationException {
        assertTrue(mayBeNull(Player.class.getMethod("name").getAnnotatedReturnType()));
        assertFalse(mayBeNull(Customer.class.getMethod("id").getAnnotatedReturnType()));
        Method of = ApiRequest.class.getMethod("of", String.class, String.class, String.class);
        assertFalse(mayBeNull(of.getAnnotatedParameterTypes()[0]));
        assertTrue(mayBeNull(of.getAnnotatedParameterTypes()[2]));
    }

    private static boolean mayBeNull(AnnotatedType type) {
        return type.isAnnotationPresent(Nullable.class);
    }
}
